/** What the real keepalived tells the probe and the FIFO's reader, from its start to its end. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { eventText } from '../../src/keepalived/event.ts'
import { readFifo } from '../../src/keepalived/fifo.ts'
import type { InstanceStatus } from '../../src/keepalived/instance-status.ts'
import { createProbe, type ProbeOptions, type ProbeResult } from '../../src/keepalived/probe.ts'
import { type LoggedProcess, startLogged, tail } from '../../src/lab/logged-process.ts'
import { createNetwork, inNamespace } from '../../src/lab/network.ts'
import { createRunDirectory } from '../../src/lab/run-directory.ts'
import { requires } from '../requires.ts'
import { first } from './case.ts'

type Conf = { priority?: number; address?: string; extra?: readonly string[] }

/** One node, whose keepalived is alone and therefore becomes MASTER. Its temporary files are in its own directory. */
function raiseNode() {
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

  async function start(before: readonly string[] = [], env: NodeJS.ProcessEnv = { TMPDIR: directory }) {
    const files = ['--use-file', file('keepalived.conf'), '--pid', file('pid'), '--vrrp_pid', file('vrrp.pid')]
    const keepalived = ['keepalived', '--dont-fork', '--vrrp', '--log-console', '--no-syslog', ...files]
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
const becomesMaster = (log: LoggedProcess) => log.line(/\(VI_1\) Entering MASTER STATE/)

function instanceIn(result: ProbeResult, name = 'VI_1'): InstanceStatus | undefined {
  return result.kind === 'running' ? result.instances.get(name) : undefined
}

describe.skipIf(!requires('keepalived'))('the real keepalived', { timeout: 30_000 }, () => {
  test('tells its states from its start to its end', async () => {
    const { probe, file, start } = raiseNode()
    // Whoever asks another keepalived for its version at this moment has one run, too.
    const reason = `${file('pid')} is not there`
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
        reason: `${file('pid')} names process ${log.pid}, which is no keepalived`,
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

describe.skipIf(!requires('keepalived'))('the real keepalived’s FIFO', { timeout: 30_000 }, () => {
  function record(path: string) {
    const seen: string[] = []
    const fifo = readFifo(path, {
      onEvent: (event) => seen.push(eventText(event)),
      onMalformed: (line) => seen.push(`malformed ${line}`),
      onGap: (reason) => seen.push(`gap: ${reason}`),
    })
    onTestFinished(() => fifo.close())
    return seen
  }
  const becoming = ['VI_2 MASTER 140', 'VI_1 MASTER 150', 'VG_1 MASTER']

  test('of ours is kept over a reload, and tells all to its end', async () => {
    const { file, network, start } = raiseNode()
    const path = file('notify.fifo')
    const seen = record(path)
    const { ino } = statSync(path)
    const log = await start()
    await expect.poll(() => seen.slice(-3), { timeout: 10_000 }).toEqual(becoming)
    expect(seen.slice(0, -3)).toEqual(['gap: start', 'VG_1 BACKUP', 'VI_1 BACKUP 150', 'VI_2 BACKUP 140'])

    process.kill(log.pid, 'SIGHUP')
    await log.line(/Reload complete/)
    expect(statSync(path).ino).toBe(ino)
    seen.length = 0
    network.setLink(first, 'down')
    const events = () => seen.filter((entry) => entry !== 'gap: writer-gone')
    await expect.poll(events).toEqual(['VI_1 FAULT 150', 'VI_2 FAULT 140', 'VG_1 FAULT'])

    process.kill(log.pid, 'SIGTERM')
    await log.exited
    await expect.poll(() => seen.slice(-4)).toEqual(['VI_1 STOP 150', 'VI_2 STOP 140', 'VG_1 STOP', 'gap: writer-gone'])
    expect(statSync(path).ino).toBe(ino)
  })

  test('of its own is another one after a reload and after a restart, and the events go on', async () => {
    const { file, network, start } = raiseNode()
    const path = file('notify.fifo')
    const log = await start()
    await becomesMaster(log)
    const { ino } = statSync(path)
    const seen = record(path)
    await expect.poll(() => seen).toEqual(['gap: start'])
    process.kill(log.pid, 'SIGHUP')
    await expect.poll(() => seen.at(-1)).toBe('gap: reopened')
    expect(statSync(path).ino).not.toBe(ino)

    seen.length = 0
    network.setLink(first, 'down')
    await expect.poll(() => seen).toEqual(['VI_1 FAULT 150', 'VI_2 FAULT 140', 'VG_1 FAULT'])
    network.setLink(first, 'up')
    await expect.poll(() => seen.slice(-3), { timeout: 10_000 }).toEqual(becoming)

    process.kill(log.pid, 'SIGTERM')
    await log.exited
    await expect.poll(() => seen.at(-1)).toBe('gap: writer-gone')
    seen.length = 0
    await start()
    await expect.poll(() => seen.slice(-3), { timeout: 10_000 }).toEqual(becoming)
    expect(seen.slice(0, -3)).toEqual(['gap: reopened', 'VG_1 BACKUP', 'VI_1 BACKUP 150', 'VI_2 BACKUP 140'])
  })

  test('says at once that it was killed', async () => {
    const { file, start } = raiseNode()
    const seen = record(file('notify.fifo'))
    const log = await start()
    await expect.poll(() => seen.slice(-3), { timeout: 10_000 }).toEqual(becoming)
    log.kill()
    await expect.poll(() => seen.at(-1)).toBe('gap: writer-gone')
  })

  test('tells of a priority that changes alone', async () => {
    const { configure, file, start } = raiseNode()
    const lowered = file('lowered')
    const extra = [
      'vrrp_track_file lowered {',
      `  file ${lowered}`,
      '  weight 1',
      '}',
      'vrrp_instance VI_3 {',
      '  state BACKUP',
      '  interface eth0',
      '  virtual_router_id 53',
      '  priority 100',
      '  advert_int 0.1',
      `  unicast_src_ip ${first.address}`,
      '  unicast_peer { 10.0.2.12 }',
      '  virtual_ipaddress { 10.99.0.53/32 dev lo }',
      '  track_file { lowered }',
      '}',
    ]
    writeFileSync(lowered, '0\n')
    configure({ extra })
    const seen = record(file('notify.fifo'))
    await start()
    await expect.poll(() => seen, { timeout: 10_000 }).toContain('VI_3 MASTER 100')
    writeFileSync(lowered, '-20\n')
    await expect.poll(() => seen.at(-1)).toBe('VI_3 MASTER_PRIORITY 80')
  })
})
