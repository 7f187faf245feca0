/** The daemon as systemd runs it, and what it tells. */
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { superviseBySystemd } from '../../../../src/agent/daemon/supervision.ts'
import { signalIfAlive } from '../../../../src/lab/cleanup.ts'
import { startLogged } from '../../../../src/lab/logged-process.ts'
import { environmentFor, PROGRAM } from '../../../support/cli.ts'
import { writeDaemonConfig } from '../../../support/daemon.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { silentLog } from '../../../support/fixtures.ts'
import { requires } from '../../../support/requires.ts'
import { type ServiceManager, startServiceManager } from '../../../support/service-manager.ts'

startEndpointForEachTest()

const WATCHDOG_MS = 2000

async function startService(manager: ServiceManager) {
  const service = await startLogged(
    [process.execPath, PROGRAM, 'reconcile', '--config', writeDaemonConfig(), '--state-dir', directory],
    environmentFor(endpoint, { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: String(WATCHDOG_MS * 1000) }),
  )
  onTestFinished(service.kill)
  return service
}

describe.skipIf(!requires('systemd'))('under systemd, the daemon', () => {
  test('is ready when it has started, lives, reloads and stops', async () => {
    const manager = await startServiceManager()
    const service = await startService(manager)
    expect((await manager.next(/^READY=1/)).text).toBe('READY=1\nSTATUS=VI_1')

    const signs = [await manager.next(/WATCHDOG/), await manager.next(/WATCHDOG/), await manager.next(/WATCHDOG/)]
    const [first = 0, ...later] = signs.map(({ at }) => at)
    for (const [index, at] of later.entries()) expect(at - (later[index - 1] ?? first)).toBeLessThan(WATCHDOG_MS)
    // Half of the time, and not more often.
    expect((later.at(-1) ?? 0) - first).toBeGreaterThan(WATCHDOG_MS / 2)

    writeDaemonConfig({ intervall: '1s' })
    signalIfAlive(service.pid, 'SIGHUP')
    await manager.next(/^RELOADING=1$/)
    expect((await manager.next(/^READY=1/)).text).toMatch(
      /^READY=1\nSTATUS=VI_1; config rejected: .*mean "interval"\?.*$/,
    )
    writeDaemonConfig()
    signalIfAlive(service.pid, 'SIGHUP')
    await manager.next(/^RELOADING=1$/)
    expect((await manager.next(/^READY=1/)).text).toBe('READY=1\nSTATUS=VI_1')

    signalIfAlive(service.pid, 'SIGTERM')
    await manager.next(/^STOPPING=1$/)
    await service.exited
    expect(manager.messages.at(-1)?.text).toBe('STOPPING=1')
  })

  test('ends within two seconds though systemd hears nothing', async () => {
    const manager = await startServiceManager()
    const service = await startService(manager)
    await manager.next(/^READY=1/)
    manager.freeze()
    const asked = performance.now()
    signalIfAlive(service.pid, 'SIGTERM')
    await service.exited
    expect(performance.now() - asked).toBeLessThan(2000)
  })

  test('gives no sign of life when it does not live', async () => {
    const manager = await startServiceManager()
    vi.stubEnv('NOTIFY_SOCKET', manager.socket)
    vi.stubEnv('WATCHDOG_USEC', '100000')
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    let isAlive = true
    const supervision = superviseBySystemd(() => isAlive, silentLog)
    await manager.next(/WATCHDOG=1/)
    isAlive = false
    await supervision.ready('what was on its way is said')
    const { length } = manager.messages
    await delay(300)
    expect(manager.messages.slice(length)).toEqual([])
    isAlive = true
    await manager.next(/WATCHDOG=1/)
    await supervision.stopping()
  })

  test('has a unit that lets its child speak', async () => {
    const unit = await readFile(new URL('../../../../systemd/vip-switch.service', import.meta.url), 'utf8')
    expect(unit).toMatch(/^Type=notify$/m)
    expect(unit).toMatch(/^NotifyAccess=all$/m)
  })
})
