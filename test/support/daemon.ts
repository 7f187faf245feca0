/** A daemon of the test's own, in this process or in one of its own, on the endpoint's first node. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { askStatus, type DaemonStatus } from '../../src/agent/control/status.ts'
import { Daemon } from '../../src/agent/daemon/daemon.ts'
import { systemClock } from '../../src/platform/clock.ts'
import type { Log } from '../../src/platform/log.ts'
import { environmentFor } from './cli.ts'
import { directory, endpoint, interceptWith } from './endpoint.ts'
import { silentLog } from './fixtures.ts'
import { byIds, eniOf } from './node.ts'

export const inDirectory = (name: string) => join(directory, name)

/**
 * Writes the config, whose FIFO, socket and pid file are in the test's directory unless the test says otherwise. The pid
 * file names no process, so that nothing is known of keepalived but what its FIFO tells.
 */
export function writeDaemonConfig(change: object = {}, instance = byIds()): string {
  const path = inDirectory('config.yaml')
  const keepalived = { fifo: inDirectory('notify.fifo'), pidFile: inDirectory('keepalived.pid') }
  writeFileSync(keepalived.pidFile, 'none')
  const config = { cluster: 'db', eni: eniOf('db-1'), control: inDirectory('control.sock'), keepalived, ...change }
  writeFileSync(
    path,
    JSON.stringify(config).replace(/}$/, () => `, instances: { VI_1: { ${instance} } } }`),
  )
  return path
}

/** A daemon in this process; it is stopped when the test ends. */
export function createDaemon(configPath: string, log: Log = silentLog): Daemon {
  for (const [name, value] of Object.entries(environmentFor(endpoint))) vi.stubEnv(name, value)
  const daemon = new Daemon({
    configPath,
    stateDirectory: directory,
    historyDirectory: directory,
    clock: systemClock,
    log,
  })
  onTestFinished(async () => {
    await daemon.stop()
    vi.unstubAllEnvs()
  })
  return daemon
}

/** keepalived tells of a new state. */
export function tell(state: string, fifo = 'notify.fifo'): void {
  appendFileSync(inDirectory(fifo), `INSTANCE "VI_1" ${state} 150\n`)
}

/** keepalived has elected this node. */
export const tellMaster = (fifo?: string) => tell('MASTER', fifo)

/** @throws an error where no daemon answers */
export async function statusOnSocket(): Promise<DaemonStatus> {
  const answer = await askStatus(inDirectory('control.sock'))
  if (answer.kind === 'up') return answer.status
  throw new Error(answer.reason)
}

/** EC2 does not answer the next who asks it who a node is before it is opened; resolves when that was asked for. */
export function holdIdentity(opened: Promise<void>): Promise<void> {
  return new Promise((asked) => {
    interceptWith(async ({ action, params }) => {
      const isForIdentity = Object.values(params).includes('network-interface-id')
      if (action !== 'DescribeNetworkInterfaces' || !isForIdentity) return
      interceptWith(() => {})
      asked()
      await opened
    })
  })
}
