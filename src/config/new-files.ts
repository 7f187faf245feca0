/** Files that are made once, and never written over. */
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, messageOf } from '../platform/errors.ts'

/** @throws Failure of kind `refused`, naming those of the files that are there already */
export function assertNew(directory: string, names: readonly string[]): void {
  const present = names.map((name) => join(directory, name)).filter((path) => existsSync(path))
  if (present.length > 0) throw refusal(present)
}

/**
 * Makes all of the files or none; the directory, too. Each appears whole, and only where there is none: a link is made
 * where a name is free, and nowhere else.
 * @param texts by the files' names
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
    // Of a link it is the name that it was to have; of the directory, its own.
    const { code, path, dest = path }: { code?: unknown; path?: unknown; dest?: unknown } = Object(error)
    if (code === 'EEXIST') throw refusal([String(dest)])
    throw new Failure('failed', `cannot make the files in ${directory}: ${messageOf(error)}; none was made`, {
      hint: code === 'EACCES' ? 'run it as root, or name another directory with --directory' : undefined,
      cause: error,
    })
  } finally {
    if (staging !== undefined) rmSync(staging, { recursive: true, force: true })
  }
}

function refusal(present: readonly string[]): Failure {
  const verb = present.length === 1 ? 'is' : 'are'
  return new Failure('refused', `${present.join(', ')} ${verb} there already; nothing was written`, {
    hint: 'move away what is there, or name another directory with --directory',
  })
}
