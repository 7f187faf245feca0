/** A file that another process writes when it is asked to. */
import { readFileSync, statSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import { codeOf, Failure } from '../errors.ts'

const LONGEST_PAUSE_MS = 50

export type Request<Content> = {
  readonly file: string
  /** Asks for the file. */
  ask(): void
  /** Undefined while the text is not whole. */
  parse(text: string): Content | undefined
  readonly timeoutMs: number
  readonly clock: Clock
}

/**
 * Asks for the file and reads it when it is another one than before, and whole: keepalived makes a temporary file, renames
 * it, and only then fills it, 4 KB at a time. Nothing signals the end of that, so the file is looked at again after 1,
 * 2, 4 … ms; no clock of the file system is compared with ours.
 * @throws Failure of kind `failed` when it does not come in time
 */
export async function freshFile<Content>({ file, ask, parse, timeoutMs, clock }: Request<Content>): Promise<Content> {
  const before = identityOf(file)
  const end = clock.now() + timeoutMs
  const never = new AbortController().signal
  ask()
  for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    await clock.sleep(pause, never)
    const isNew = identityOf(file) !== before
    const content = isNew ? parse(textOf(file)) : undefined
    if (content !== undefined) return content
    if (clock.now() >= end) {
      const what = isNew ? `the new ${file} is not whole` : `no new ${file}`
      throw new Failure('failed', `${what} ${timeoutMs} ms after it was asked for`)
    }
  }
}

/** The inode alone may be that of an earlier file, the times alone may be equal within a tick of the kernel's clock. */
function identityOf(file: string): string | undefined {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stat && [stat.dev, stat.ino, stat.mtimeNs, stat.ctimeNs].join(':')
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}
