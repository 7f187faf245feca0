/** A node whose keepalived is alone and therefore becomes MASTER. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createProbe, type ProbeOptions } from '../../src/adapters/keepalived/probe.ts'
import { type LoggedProcess, startLogged, tail } from '../../src/lab/logged-process.ts'
import { createNetwork, inNamespace } from '../../src/lab/network.ts'
import { createRunDirectory } from '../../src/lab/run-directory.ts'
import { first } from './case.ts'

type Conf = { priority?: number; address?: string; extra?: readonly string[] }

/** One node; temporary files of its keepalived are in its own directory. */
export function raiseNode() {
  const { path: directory, remove } = createRunDirectory()
  const network = createNetwork([first])
  const logs: LoggedProcess[] = []
  onTestFinished(async ({ task }) => {
    if (task.result?.state === 'fail') process.stdout.write(`${logs.map(({ lines }) => tail(lines)).join('\n--\n')}\n`)
    network.remove()
    await Promise.all(logs.map(({ exited }) => exited))
    remove()
  })
  const file = (name: string) => join(directory, name)

  function configure({ priority = 150, address = first.address, extra = [] }: Conf = {}) {
    const instance = (name: string, id: number, lower: number) => [
      `vrrp_instance ${name} {`,
      '  state BACKUP',
      '  interface eth0',
      `  virtual_router_id ${id}`,
      `  priority ${priority - lower}`,
      '  advert_int 0.1',
      `  unicast_src_ip ${address}`,
      '  unicast_peer { 10.0.2.12 }',
      `  virtual_ipaddress { 10.99.0.${id}/32 dev lo }`,
      '}',
    ]
    const globals = [
      'vrrp_version 3',
      'enable_script_security',
      'script_user root',
      `vrrp_notify_fifo ${file('notify.fifo')}`,
      'vrrp_notify_priority_changes true',
    ]
    const lines = [
      ...['global_defs {', ...globals, '}'],
      'vrrp_sync_group VG_1 { group { VI_1 VI_2 } }',
      ...instance('VI_1', 51, 0),
      ...instance('VI_2', 52, 10),
      ...extra,
    ]
    writeFileSync(file('keepalived.conf'), `${lines.join('\n')}\n`)
  }

  async function start(
    before: readonly string[] = [],
    env: NodeJS.ProcessEnv = { TMPDIR: directory },
    flags: readonly string[] = [],
  ) {
    const files = ['--use-file', file('keepalived.conf'), '--pid', file('pid'), '--vrrp_pid', file('vrrp.pid')]
    const keepalived = ['keepalived', '--dont-fork', '--vrrp', '--log-console', '--no-syslog', ...files, ...flags]
    const log = await startLogged(inNamespace(network.namespaceOf(first), [...before, ...keepalived]), {
      PATH: process.env.PATH,
      ...env,
    })
    logs.push(log)
    return log
  }

  const probeOf = (options: Partial<ProbeOptions> = {}) =>
    createProbe({ pidFile: file('pid'), expected: ['VI_1', 'VG_1'], ...options })

  configure()
  return { directory, file, network, configure, start, probeOf, probe: probeOf() }
}

/** Until keepalived has become MASTER. */
export const becomesMaster = (log: LoggedProcess) => log.line(/\(VI_1\) Entering MASTER STATE/)
