/** The packages that `npm run package` has built. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const OUT = join(ROOT, 'out')

/** The path of the one with this ending. @throws an error that says how to build it */
export function built(ending: string): string {
  const name = readdirSync(OUT).find((each) => each.endsWith(ending))
  if (name === undefined) throw new Error(`out/ has no *${ending}: npm run package`)
  return join(OUT, name)
}

/** The same package under a lower version: what is installed before an upgrade. */
export function earlierVersion(deb: string): { path: string; version: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-earlier-'))
  const tree = join(directory, 'tree')
  execFileSync('dpkg-deb', ['--raw-extract', deb, tree])
  const control = join(tree, 'DEBIAN/control')
  const text = readFileSync(control, 'utf8').replace(/^Version: (.*)$/m, 'Version: $1~earlier')
  const version = /^Version: (.*)$/m.exec(text)?.[1] ?? ''
  writeFileSync(control, text)
  const path = join(directory, 'earlier.deb')
  execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, path])
  return { path, version, remove: () => rmSync(directory, { recursive: true, force: true }) }
}
