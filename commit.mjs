// The commit that is built.
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'

/** Its name, with `-dirty` if files differ from it; empty outside a clone. */
export function commitName() {
  return git('describe', '--always', '--dirty', '--exclude=*')
}

/** When it was made, in seconds since the epoch: the date of what is built. Outside a clone, of package.json. */
export function commitTime() {
  const { SOURCE_DATE_EPOCH: given } = process.env
  const manifest = join(import.meta.dirname, 'package.json')
  return Number(given || git('log', '-1', '--format=%ct')) || Math.floor(statSync(manifest).mtimeMs / 1000)
}

function git(...words) {
  const { stdout } = spawnSync('git', words, { cwd: import.meta.dirname, encoding: 'utf8' })
  return stdout?.trim() ?? ''
}
