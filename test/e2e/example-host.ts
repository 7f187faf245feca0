/** One node of an example, with the files where the example's README puts them. */
import { chownSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LoggedProcess, startLogged } from '../../src/lab/logged-process.ts'
import { inNamespace } from '../../src/lab/network.ts'
import { type LabNode, nodes } from '../../src/lab/scene.ts'
import { writeScriptUser } from '../support/script-user.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * What a process of the host finds at the usual places; `ip netns exec` has given it mounts of its own. This machine's
 * programs in /usr/local/bin are hidden, and Node may be one of them.
 */
const MOUNTS = `
  cd "$1"
  mount --bind "$2" bin/.node
  mount --rbind bin /usr/local/bin
  mount --bind run /run
  mount --bind passwd /etc/passwd
  mount --bind group /etc/group
  [ ! -e etc-unbound ] || mount --bind etc-unbound /etc/unbound
  shift 2
  exec "$@"`

export type ExampleHost = {
  readonly node: LabNode
  /** Its files. */
  readonly directory: string
  start(...command: readonly string[]): Promise<LoggedProcess>
  /** Each is ready to take part when this returns. */
  startDaemon(): Promise<LoggedProcess>
  startKeepalived(): Promise<LoggedProcess>
}

/**
 * Installs an example.
 * @param directory of the host, which is there and empty
 * @param onStart takes every process that is started
 */
export function installExample(
  example: string,
  node: LabNode,
  { directory, namespace, endpoint }: { directory: string; namespace: string; endpoint: string },
  onStart: (command: readonly string[], started: LoggedProcess) => void,
): ExampleHost {
  const file = (...path: string[]) => join(directory, ...path)
  const { uid, gid } = writeScriptUser(directory)
  for (const path of ['bin/.node', 'run/tmp', 'run/vip-switch/hooks']) mkdirSync(file(path), { recursive: true })
  // As the preflight unit's RuntimeDirectory.
  chownSync(file('run/vip-switch/hooks'), uid, gid)
  for (const part of ['bin', 'dist']) cpSync(join(ROOT, part), file('bin/.package', part), { recursive: true })
  symlinkSync('.package/bin/vip-switch', file('bin/vip-switch'))
  const source = join(ROOT, 'examples', example)
  const scripts = readdirSync(source).filter((name) => !name.includes('.'))
  for (const script of scripts) cpSync(join(source, script), file('bin', script))
  cpSync(join(source, 'config.yaml'), file('bin/.config.yaml'))
  writeFileSync(file('keepalived.conf'), keepalivedConf(readFileSync(join(source, 'keepalived.conf'), 'utf8'), node))

  const env = {
    PATH: '/usr/local/bin/.node:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: directory,
    TMPDIR: '/run/tmp',
    AWS_ENDPOINT_URL: endpoint,
    VIP_SWITCH_CONFIG: '/usr/local/bin/.config.yaml',
  }
  const start = async (...command: readonly string[]) => {
    const host = ['sh', '-ec', MOUNTS, 'host', directory, dirname(process.execPath), ...command]
    const started = await startLogged(inNamespace(namespace, host), env)
    onStart(command, started)
    return started
  }
  return {
    node,
    directory,
    start,
    async startDaemon() {
      // As the unit says: root, of the scripts' group.
      const daemon = await start('setpriv', `--regid=${gid}`, '--clear-groups', 'vip-switch', 'reconcile')
      await daemon.line(/"msg":"started"/)
      return daemon
    },
    async startKeepalived() {
      for (const name of readdirSync(file('run'))) if (name.endsWith('.pid')) rmSync(file('run', name))
      const flags = ['--dont-fork', '--vrrp', '--log-console', '--log-detail', '--no-syslog']
      const keepalived = await start('keepalived', ...flags, '--use-file', file('keepalived.conf'))
      await keepalived.line(/Entering (BACKUP|FAULT) STATE/)
      return keepalived
    },
  }
}

/** The example is the first node's: on the second, as the READMEs say, the addresses change places, and the priority is 100. */
function keepalivedConf(text: string, node: LabNode): string {
  const [first, second] = nodes
  const own = text.replaceAll('/usr/bin/vip-switch', '/usr/local/bin/vip-switch')
  if (node === first) return own
  return own
    .replace(/unicast_src_ip \S+/, `unicast_src_ip ${second.address}`)
    .replace(/(unicast_peer \{\s*)\S+/, `$1${first.address}`)
    .replace(/^ {2}priority \d+$/m, `  priority ${second.priority}`)
}
