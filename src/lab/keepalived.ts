/** keepalived on one node of a lab: its file, and its process. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hook } from './hook.ts'
import { type LoggedProcess, startLogged } from './logged-process.ts'
import { inNamespace } from './network.ts'

export type KeepalivedOptions = {
  readonly namespace: string
  readonly directory: string
  /** IPv4 addresses. */
  readonly address: string
  readonly peers: readonly string[]
  readonly priority: number
  /** Seconds, in hundredths. */
  readonly advertInterval: number
  /** VIPs by the name of their VRRP instance. */
  readonly instances: Readonly<Record<string, readonly string[]>>
  readonly hook: Hook
  /** While this file exists a track script takes `by` from the priority; keepalived 2.2 looks once a second. */
  readonly lowered?: { readonly by: number; readonly whileExists: string }
}

export type Keepalived = {
  readonly log: LoggedProcess
  /** Kills keepalived and the VRRP process that it forked with SIGKILL: no priority 0 is sent, no STOP hook runs. */
  kill(): Promise<void>
  /** Has keepalived end by SIGTERM, which takes it a second: it waits so long for the hook of STOP. */
  stop(): Promise<void>
}

/** Starts keepalived in a node's namespace, with files and process ids of its own. */
export async function startKeepalived(options: KeepalivedOptions): Promise<Keepalived> {
  const file = (name: string) => join(options.directory, name)
  writeFileSync(file('keepalived.conf'), keepalivedConf(options))
  const command = [
    ...['keepalived', '--dont-fork', '--vrrp', '--log-console', '--log-detail', '--no-syslog'],
    ...['--use-file', file('keepalived.conf'), '--pid', file('keepalived.pid'), '--vrrp_pid', file('vrrp.pid')],
  ]
  const log = await startLogged(inNamespace(options.namespace, command), options.hook.env)
  return {
    log,
    async kill() {
      log.kill()
      await log.exited
    },
    async stop() {
      process.kill(log.pid, 'SIGTERM')
      await log.exited
    },
  }
}

/**
 * When keepalived became MASTER of a VRRP instance, in milliseconds since the epoch; waits for it.
 * @throws an error with its last lines if it does not
 */
export async function elected({ log }: Keepalived, instance: string): Promise<number> {
  return (await log.line(new RegExp(`\\(${instance}\\) Entering MASTER STATE`))).at
}

/**
 * VRRP version 3, for version 2 knows whole seconds only. The VIP is on `lo`: it belongs to no subnet of the node, and
 * `no_virtual_ipaddress` is not known to keepalived 2.2.
 */
function keepalivedConf(options: KeepalivedOptions): string {
  const { address, peers, priority, advertInterval, instances, hook, lowered } = options
  const track = lowered && [
    'vrrp_script lowered {',
    `  script "/usr/bin/test ! -e ${lowered.whileExists}"`,
    '  interval 1',
    `  weight -${lowered.by}`,
    '  fall 1',
    '  rise 1',
    '}',
  ]
  const blocks = Object.entries(instances).map(([name, vips], index) => [
    `vrrp_instance ${name} {`,
    '  state BACKUP',
    '  interface eth0',
    `  virtual_router_id ${51 + index}`,
    `  priority ${priority}`,
    `  advert_int ${advertInterval}`,
    `  unicast_src_ip ${address}`,
    `  unicast_peer { ${peers.join(' ')} }`,
    `  virtual_ipaddress {`,
    ...vips.map((vip) => `    ${vip} dev lo`),
    '  }',
    ...(lowered ? ['  track_script { lowered }'] : []),
    `  notify "${hook.command.join(' ')}"`,
    '}',
  ])
  const globals = ['global_defs {', '  vrrp_version 3', '  enable_script_security', '  script_user root', '}']
  return [globals, track ?? [], ...blocks].map((lines) => `${lines.join('\n')}\n`).join('\n')
}
