/** What the real keepalived says of a file, on a host as the README sets it up. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { PROGRAM } from './cli.ts'
import { writeScriptUser } from './script-user.ts'

/** Where the host has the program: nobody but root may write there, as keepalived's script security wants it. */
export const INSTALLED = '/usr/local/bin/vip-switch'

/**
 * The interface eth0, the user keepalived_script and the program, in namespaces of their own. keepalived runs as process 1:
 * 2.2.7 takes itself for orphaned in a test otherwise, and ends with SIGTERM (acassen/keepalived#2617).
 */
const HOST = `
  mount --bind passwd /etc/passwd
  mount --bind group /etc/group
  mount --bind bin /usr/local/bin
  ip link add eth0 type veth peer name eth0-peer
  exec keepalived --config-test --log-console --use-file keepalived.conf`

/**
 * Runs `keepalived -t`; needs what requires('keepalived') does. `said` is empty where it finds nothing wrong.
 * @param scripts paths of what is installed in /usr/local/bin besides
 */
export async function verdictOfKeepalived(
  text: string,
  scripts: readonly string[] = [],
): Promise<{ exitCode: number | undefined; said: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-keepalived-'))
  try {
    writeScriptUser(directory)
    cpSync(PROGRAM, join(directory, 'bin', 'vip-switch'))
    for (const script of scripts) cpSync(script, join(directory, 'bin', basename(script)))
    writeFileSync(join(directory, 'keepalived.conf'), text)
    const flags = ['--mount', '--net', '--pid', '--fork', 'sh', '-ec', HOST]
    const { exitCode, all } = await execa('unshare', flags, { cwd: directory, reject: false, all: true })
    return { exitCode, said: all }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
