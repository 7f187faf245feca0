/** What the real keepalived tells the probe, from its start to its end. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { InstanceStatus } from '../../src/adapters/keepalived/instance-status.ts'
import type { ProbeResult } from '../../src/adapters/keepalived/probe.ts'
import { startLogged } from '../../src/lab/logged-process.ts'
import { inNamespace } from '../../src/lab/network.ts'
import { requires } from '../support/requires.ts'
import { first } from './case.ts'
import { becomesMaster, raiseNode } from './lone-node.ts'

function instanceIn(result: ProbeResult, name = 'VI_1'): InstanceStatus | undefined {
  return result.kind === 'running' ? result.instances.get(name) : undefined
}

describe.skipIf(!requires('keepalived'))('the real keepalived', { timeout: 30_000 }, () => {
  test('tells its states from its start to its end', async () => {
    const { probe, file, start } = raiseNode()
    // Whoever asks another keepalived for its version at this moment has one run, too.
    const reason = `${file('pid')} does not exist`
    await expect.poll(() => probe.read()).toEqual({ kind: 'not-running', reason })

    const began = Date.now()
    const log = await start()
    await becomesMaster(log)
    const result = await probe.read()
    expect(result).toMatchObject({ kind: 'running', pid: log.pid, lacking: undefined })
    expect(instanceIn(result)).toEqual({
      name: 'VI_1',
      state: 'MASTER',
      wantState: 'MASTER',
      effectivePriority: 150,
      address: first.address,
      lastTransition: expect.any(Number),
      becomeMaster: 1,
    })
    expect(instanceIn(result)?.lastTransition).toBeGreaterThanOrEqual(began)
    expect(result.kind === 'running' && result.groups.get('VG_1')).toEqual({
      name: 'VG_1',
      state: 'MASTER',
      effectivePriority: 140,
      address: first.address,
      members: ['VI_1', 'VI_2'],
    })

    process.kill(log.pid, 'SIGTERM')
    await log.exited
    await expect.poll(() => probe.read()).toMatchObject({ kind: 'not-running' })
  })

  test('survives being asked from its first moment on, and says nothing that is not so', async () => {
    const { file, start, probeOf } = raiseNode()
    const old = await start()
    await becomesMaster(old)
    expect(instanceIn(await probeOf().read())?.state).toBe('MASTER')
    old.kill()
    await old.exited

    // keepalived does not start while the VRRP process of the one before is not reaped, unless it knows nothing of it.
    rmSync(file('vrrp.pid'))
    // The dump of the one before, which was MASTER, is still there.
    const began = Date.now()
    const log = await start()
    const probe = probeOf({ timeoutMs: 200 })
    let result = await probe.read()
    const ask = async () => {
      result = await probe.read()
      return result.kind
    }
    await expect.poll(ask, { interval: 1, timeout: 10_000 }).toBe('running')
    expect(instanceIn(result)?.lastTransition).toBeGreaterThanOrEqual(began)
    await becomesMaster(log)
    expect(instanceIn(await probe.read())?.state).toBe('MASTER')
    expect(readFileSync(file('pid'), 'utf8').trim()).toBe(String(log.pid))
    expect(log.lines.filter(({ text }) => /respawn|died|exited/i.test(text))).toEqual([])
  })

  test('tells of FAULT while its link is down', async () => {
    const { probe, network, start } = raiseNode()
    await becomesMaster(await start())
    network.setLink(first, 'down')
    await expect.poll(async () => instanceIn(await probe.read())?.state).toBe('FAULT')
    network.setLink(first, 'up')
    await expect.poll(async () => instanceIn(await probe.read())?.state, { timeout: 10_000 }).toBe('MASTER')
    expect(instanceIn(await probe.read())?.becomeMaster).toBe(2)
  })

  test('tells of another priority and address after a reload', async () => {
    const { probe, probeOf, configure, network, start } = raiseNode()
    const log = await start()
    await becomesMaster(log)
    expect(instanceIn(await probe.read())?.effectivePriority).toBe(150)
    configure({ priority: 120, address: '10.0.1.99' })
    await startLogged(
      inNamespace(network.namespaceOf(first), ['ip', 'address', 'add', '10.0.1.99/16', 'dev', 'eth0']),
      process.env,
    ).then(({ exited }) => exited)
    process.kill(log.pid, 'SIGHUP')
    await log.line(/Reload complete|Reload finished/)
    const result = await probeOf().read()
    expect(result).toMatchObject({ kind: 'running', pid: log.pid })
    expect(instanceIn(result)).toMatchObject({ effectivePriority: 120, address: '10.0.1.99' })
  })

  test('is not running when it was killed, though its pid file is left', async () => {
    const { probe, file, start } = raiseNode()
    const log = await start()
    await becomesMaster(log)
    expect(await probe.read()).toMatchObject({ kind: 'running' })
    log.kill()
    await log.exited
    await expect
      .poll(() => probe.read())
      .toEqual({
        kind: 'not-running',
        reason: `${file('pid')} names process ${log.pid}, which is not keepalived`,
      })
  })

  test('is MASTER anew when its VRRP process was killed and started again', async () => {
    const { probe, file, start } = raiseNode()
    const log = await start()
    await becomesMaster(log)
    await probe.read()
    const child = Number(readFileSync(file('vrrp.pid'), 'utf8'))
    process.kill(child, 'SIGKILL')
    await expect
      .poll(async () => instanceIn(await probe.read()), { timeout: 10_000 })
      .toMatchObject({ state: 'MASTER', becomeMaster: 1 })
    await expect.poll(() => Number(readFileSync(file('vrrp.pid'), 'utf8'))).not.toBe(child)
    expect(await probe.read()).toMatchObject({ kind: 'running', pid: log.pid })
  })

  test('that hangs is unknown, and known when it goes on', async () => {
    const { probeOf, file, start } = raiseNode()
    const probe = probeOf({ timeoutMs: 200 })
    await becomesMaster(await start())
    expect(instanceIn(await probe.read())?.state).toBe('MASTER')
    const child = Number(readFileSync(file('vrrp.pid'), 'utf8'))
    process.kill(child, 'SIGSTOP')
    expect(await probe.read()).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('no new') })
    process.kill(child, 'SIGCONT')
    await expect.poll(async () => instanceIn(await probe.read())?.state).toBe('MASTER')
  })

  test('tells the same without JSON', async () => {
    const { probe, probeOf, start } = raiseNode()
    await becomesMaster(await start())
    const withJson = instanceIn(await probe.read(), 'VI_2')
    const without = instanceIn(await probeOf({ program: 'false' }).read(), 'VI_2')
    expect(without).toEqual({ ...withJson, becomeMaster: undefined })
  })

  test('is read in a directory that only it can see, as systemd’s PrivateTmp gives it', async () => {
    const { probe, file, start } = raiseNode()
    mkdirSync(file('tmp'))
    const mount = 'mount -t tmpfs none "$TMPDIR" && exec "$@"'
    const log = await start(['unshare', '--mount', 'sh', '-c', mount, 'sh'], { TMPDIR: file('tmp') })
    await becomesMaster(log)
    expect(instanceIn(await probe.read())).toMatchObject({ state: 'MASTER', address: first.address })
    expect(existsSync(`${file('tmp')}/keepalived.json`)).toBe(false)
  })
})
