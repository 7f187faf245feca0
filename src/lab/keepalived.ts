/** keepalived on one lab node: its config and its process. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hook } from './hook.ts'
import { type LoggedProcess, startLogged } from './logged-process.ts'
import { inNamespace } from './network.ts'

export type KeepalivedOptions = {
  readonly directory: string
  readonly priority: number
  /** Seconds, with up to two decimals. */
  readonly advertInterval: number
  /** VIPs by VRRP instance. */
  readonly instances: Readonly<Record<string, readonly string[]>>
  readonly hook: Hook
  /** Whether keepalived calls the hook; default true. */
  readonly withHook?: boolean
  /** Whether keepalived also calls the hook for MASTER_RX_LOWER_PRI; default `withHook`. */
  readonly withRxLowerPri?: boolean
  /** The FIFO that keepalived writes events to, for a daemon. */
  readonly fifo?: string
  /** While this file exists, a track script lowers the priority by `by`; keepalived 2.2 checks once a second. */
  readonly lowered?: { readonly by: number; readonly whileExists: string }
}

export type Keepalived = {
  readonly log: LoggedProcess
  /** Kills keepalived and its VRRP child with SIGKILL: no priority 0 advert, no STOP hook. */
  kill(): Promise<void>
  /** Stops keepalived with SIGTERM; takes a second, during which it waits for the STOP hook. */
  stop(): Promise<void>
}

/** Where a node is; its addresses are of one family. */
type Place = { readonly namespace: string; readonly address: string; readonly peers: readonly string[] }

export const pidFileIn = (directory: string) => join(directory, 'keepalived.pid')

/** Starts keepalived in a node's namespace, with its own files and pid files. */
export async function startKeepalived(place: Place, options: KeepalivedOptions): Promise<Keepalived> {
  const file = (name: string) => join(options.directory, name)
  writeFileSync(file('keepalived.conf'), keepalivedConf(place, options))
  // keepalived refuses to start if this names the unreaped VRRP child of a killed keepalived.
  rmSync(file('vrrp.pid'), { force: true })
  const command = [
    ...['keepalived', '--dont-fork', '--vrrp', '--log-console', '--log-detail', '--no-syslog'],
    ...['--use-file', file('keepalived.conf'), '--pid', pidFileIn(options.directory), '--vrrp_pid', file('vrrp.pid')],
  ]
  // Keeps the dumps of each node separate.
  const env = { ...options.hook.env, TMPDIR: options.directory }
  return keepalivedOf(await startLogged(inNamespace(place.namespace, command), env))
}

/** keepalived as a process that was started. */
export function keepalivedOf(log: LoggedProcess): Keepalived {
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

/** The commands that keepalived calls for transitions, and for MASTER_RX_LOWER_PRI of an instance. */
export function hooksOf({ hook: { command }, withHook = true, withRxLowerPri = withHook }: KeepalivedOptions): {
  readonly notify: readonly string[] | undefined
  readonly rxLowerPri: readonly string[] | undefined
} {
  return { notify: withHook ? command : undefined, rxLowerPri: withRxLowerPri ? command : undefined }
}

/**
 * Waits until keepalived becomes MASTER of a VRRP instance; returns when, in milliseconds since the epoch.
 * @throws an error with its last lines on timeout
 */
export async function elected({ log }: Keepalived, instance: string): Promise<number> {
  return (await log.line(new RegExp(`\\(${instance}\\) Entering MASTER STATE`))).at
}

/**
 * VRRP version 3, since version 2 only supports whole seconds. The VIP is on `lo`: it is in no subnet of the node, and
 * keepalived 2.2 lacks `no_virtual_ipaddress`.
 */
function keepalivedConf({ address, peers }: Place, options: KeepalivedOptions): string {
  const { priority, advertInterval, instances, fifo, lowered } = options
  const { notify, rxLowerPri } = hooksOf(options)
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
    ...(fifo ? ['  notify_priority_changes true'] : []),
    ...(notify ? [`  notify "${notify.join(' ')}"`] : []),
    ...(rxLowerPri
      ? [`  notify_master_rx_lower_pri "${rxLowerPri.join(' ')} INSTANCE ${name} MASTER_RX_LOWER_PRI"`]
      : []),
    '}',
  ])
  const settings = ['vrrp_version 3', 'enable_script_security', 'script_user root']
  if (fifo) settings.push(`vrrp_notify_fifo ${fifo}`, 'fifo_write_vrrp_states_on_reload')
  const globals = ['global_defs {', ...settings.map((setting) => `  ${setting}`), '}']
  return [globals, track ?? [], ...blocks].map((lines) => `${lines.join('\n')}\n`).join('\n')
}
