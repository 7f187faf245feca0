/** A file that another process writes on request. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import type { Clock } from '../../platform/clock.ts'
import { codeOf, Failure } from '../../platform/errors.ts'

const LONGEST_PAUSE_MS = 50

export type Request<Content> = {
  readonly file: string
  /** The uid of its writer: anybody may be able to replace the file where it is. */
  readonly owner: number
  /** Asks for the file. */
  ask(): void
  /** Returns undefined while the text is incomplete. */
  parse(text: string): Content | undefined
  readonly timeoutMs: number
  readonly clock: Clock
}

/**
 * Asks for the file and reads it once it is new and complete: keepalived creates a temporary file, renames it, and only
 * then fills it, 4 KB at a time. Nothing signals the end of that, so the file is checked again after 1, 2, 4 … ms; file
 * times are never compared with our clock.
 * @throws Failure `failed` if it does not appear in time
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
      const what = found?.text === undefined ? `no new ${file}` : `the new ${file} is incomplete`
      throw new Failure('failed', `${what} ${timeoutMs} ms after the request`)
    }
  }
}

/** The current file, with its text if it differs from `before`; undefined if it is missing or has another owner. */
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
    // An inode alone may be reused, and times alone may be equal within a tick of the kernel's clock.
    const identity = [stat.dev, stat.ino, stat.mtimeNs, stat.ctimeNs].join(':')
    return identity === before ? { identity } : { identity, text: readFileSync(descriptor, 'utf8') }
  } finally {
    closeSync(descriptor)
  }
}
