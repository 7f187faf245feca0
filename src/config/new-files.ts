/** Creates files without ever overwriting one. */
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, messageOf } from '../platform/errors.ts'

/** @throws Failure of kind `refused`, naming the existing files */
export function assertNew(directory: string, names: readonly string[]): void {
  const present = names.map((name) => join(directory, name)).filter((path) => existsSync(path))
  if (present.length > 0) throw refusal(present)
}

/**
 * Creates all files or none, and their directory. Each appears complete and only if its name is free, since link(2)
 * never overwrites.
 * @param texts by file name
 * @throws Failure of kind `refused` as assertNew, or of kind `failed`
 */
export function createFiles(directory: string, texts: ReadonlyMap<string, string>): void {
  assertNew(directory, [...texts.keys()])
  const made: string[] = []
  let staging: string | undefined
  try {
    mkdirSync(directory, { recursive: true })
    staging = mkdtempSync(join(directory, '.vip-switch-'))
    for (const [name, text] of texts) writeFileSync(join(staging, name), text)
    for (const name of texts.keys()) {
      linkSync(join(staging, name), join(directory, name))
      made.push(join(directory, name))
    }
  } catch (error) {
    for (const path of made) unlinkSync(path)
    // The link's name, or the directory's.
    const { code, path, dest = path }: { code?: unknown; path?: unknown; dest?: unknown } = Object(error)
    if (code === 'EEXIST') throw refusal([String(dest)])
    throw new Failure('failed', `cannot create the files in ${directory}: ${messageOf(error)}; none was created`, {
      hint: code === 'EACCES' ? 'run it as root, or choose another directory with --directory' : undefined,
      cause: error,
    })
  } finally {
    if (staging !== undefined) rmSync(staging, { recursive: true, force: true })
  }
}

function refusal(present: readonly string[]): Failure {
  const verb = present.length === 1 ? 'exists' : 'exist'
  return new Failure('refused', `${present.join(', ')} ${verb} already; nothing was written`, {
    hint: 'move it away, or choose another directory with --directory',
  })
}
