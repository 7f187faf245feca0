/** A file that another process writes when it is asked to. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import type { Clock } from '../../platform/clock.ts'
import { codeOf, Failure } from '../../platform/errors.ts'

const LONGEST_PAUSE_MS = 50

export type Request<Content> = {
  readonly file: string
  /** Who writes it, by the id of the user. Anybody may put something in its place where it lies. */
  readonly owner: number
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
export async function freshFile<Content>(request: Request<Content>): Promise<Content> {
  const { file, ask, parse, timeoutMs, clock } = request
  const before = look(request)?.identity
  const end = clock.now() + timeoutMs
  const never = new AbortController().signal
  ask()
  for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    await clock.sleep(pause, never)
    const found = look(request, before)
    const content = found?.text === undefined ? undefined : parse(found.text)
    if (content !== undefined) return content
    if (clock.now() >= end) {
      const what = found?.text === undefined ? `no new ${file}` : `the new ${file} is not whole`
      throw new Failure('failed', `${what} ${timeoutMs} ms after it was asked for`)
    }
  }
}

/** The file that is there, with its text if it is another one than `before`; undefined for none, or somebody else's. */
function look({ file, owner }: Request<unknown>, before?: string): { identity: string; text?: string } | undefined {
  let descriptor: number
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ELOOP') return undefined
    throw error
  }
  try {
    const stat = fstatSync(descriptor, { bigint: true })
    if (!stat.isFile() || Number(stat.uid) !== owner) return undefined
    // The inode alone may be that of an earlier file, the times alone may be equal within a tick of the kernel's clock.
    const identity = [stat.dev, stat.ino, stat.mtimeNs, stat.ctimeNs].join(':')
    return identity === before ? { identity } : { identity, text: readFileSync(descriptor, 'utf8') }
  } finally {
    closeSync(descriptor)
  }
}
