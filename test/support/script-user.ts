/** keepalived's script user, on a machine that may have none. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const USER = 'keepalived_script'
const ID = 64_000

/**
 * Writes `passwd` and `group` in a directory, to be mounted over this machine's: with the user, who is added where there is
 * none. Returns its ids.
 */
export function writeScriptUser(directory: string): { readonly uid: number; readonly gid: number } {
  const lines = { passwd: `${USER}:x:${ID}:${ID}::/nonexistent:/usr/sbin/nologin\n`, group: `${USER}:x:${ID}:\n` }
  for (const [name, line] of Object.entries(lines)) {
    const present = readFileSync(`/etc/${name}`, 'utf8')
    writeFileSync(join(directory, name), present.includes(`${USER}:`) ? present : present + line)
  }
  const entry = new RegExp(`^${USER}:[^:]*:(\\d+):(\\d+):`, 'm').exec(readFileSync(join(directory, 'passwd'), 'utf8'))
  return { uid: Number(entry?.[1]), gid: Number(entry?.[2]) }
}
