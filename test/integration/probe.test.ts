/** The probe against a process that is called keepalived, answers its signals, and can be told to answer them badly. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { parseDataDump } from '../../src/keepalived/data-dump.ts'
import { parseJsonDump } from '../../src/keepalived/json-dump.ts'
import { addressPresent, createProbe, type ProbeOptions, type ProbeResult } from '../../src/keepalived/probe.ts'

type Told = { name: string; state: 'MASTER' | 'BACKUP' | 'FAULT'; priority: number; group?: string; address?: string }

const codes = { BACKUP: 1, MASTER: 2, FAULT: 3 }

const jsonOf = (instances: readonly Told[]) =>
  instances.map(({ name, state, priority }) => ({
    data: {
      iname: name,
      ifp_ifname: 'eth0',
      last_transition: 1795453332.647707,
      effective_priority: priority,
      vipset: state === 'MASTER',
      state: codes[state],
      wantstate: codes[state],
      vips: ['10.99.0.10 dev lo scope global set'],
    },
    stats: { advert_rcvd: 0, become_master: 3 },
  }))

const dataOf = (instances: readonly Told[]) =>
  [
    '------< Global definitions >------',
    ' Router ID = vm',
    '------< VRRP Topology >------',
    ...instances.flatMap(({ name, state, priority, group, address = '10.0.1.11' }) => [
      ` VRRP Instance = ${name}`,
      '   VRRP Version = 3',
      ...(group ? [`   Sync group = ${group}`] : []),
      `   State = ${state}`,
      '   Flags:',
      '     Using unicast',
      `   Wantstate = ${state}`,
      '   Last transition = 1795453332.647707 (Mon Nov 23 17:02:12.647707 2026)',
      `   Using src_ip = ${address} (from configuration)`,
      '   Priority = 150',
      `   Effective priority = ${priority}`,
      '   Virtual IP (1):',
      '     10.99.0.10 dev lo scope global set',
    ]),
    '------< VRRP Sockpool >------',
    ' fd_in 14 fd_out = 15',
    '',
  ].join('\n')

/**
 * Answers SIGUSR2 with the JSON and SIGUSR1 with the data, as keepalived does: a temporary file, renamed, then filled.
 * `how` is read at each signal; `halves` come 30 ms apart.
 */
const standIn = `
  const { appendFileSync, readFileSync, renameSync, writeFileSync } = require('node:fs')
  const { join } = require('node:path')
  const file = (name) => join(process.env.TMPDIR, name)
  const { deaf } = JSON.parse(readFileSync(file('how')))
  function answer(name) {
    const { how, [name]: text } = JSON.parse(readFileSync(file('how')))
    appendFileSync(file('asked'), name + '\\n')
    if (how === 'silent') return
    writeFileSync(file('temporary'), '')
    renameSync(file('temporary'), file(name))
    if (how === 'whole') return appendFileSync(file(name), text)
    appendFileSync(file(name), text.slice(0, text.length / 2))
    if (how === 'halves') setTimeout(() => appendFileSync(file(name), text.slice(text.length / 2)), 30)
  }
  if (!deaf) {
    process.on('SIGUSR1', () => answer('keepalived.data'))
    process.on('SIGUSR2', () => answer('keepalived.json'))
  }
  process.title = 'keepalived'
  console.log('up')
  setInterval(() => {}, 1000)
`

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-probe-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const file = (name: string) => join(directory, name)

type Behaviour = { how?: 'whole' | 'halves' | 'half' | 'silent'; deaf?: boolean; json?: unknown; data?: string }

function behave(instances: readonly Told[], { how = 'whole', deaf = false, json, data }: Behaviour = {}) {
  const texts = {
    'keepalived.json': JSON.stringify(json ?? jsonOf(instances)),
    'keepalived.data': data ?? dataOf(instances),
  }
  writeFileSync(file('how'), JSON.stringify({ how, deaf, ...texts }))
}

async function startStandIn() {
  const child = spawn(process.execPath, ['-e', standIn], {
    env: { TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout, 'data')
  writeFileSync(file('pid'), `${child.pid}\n`)
  return child
}

/** What tells the signal numbers: with JSON it says that of SIGUSR2. */
function program(knowsJson = true) {
  const path = file(knowsJson ? 'with-json' : 'without-json')
  const answer = knowsJson ? 'echo 12' : 'echo "Unknown sigfunc JSON" >&2; exit 1'
  writeFileSync(path, `#!/bin/sh\n${answer}\n`)
  chmodSync(path, 0o755)
  return path
}

function probeOf(options: Partial<ProbeOptions> = {}) {
  return createProbe({ pidFile: file('pid'), expected: ['VI_1'], program: program(), ...options })
}

function instanceIn(result: ProbeResult, name = 'VI_1') {
  return result.kind === 'running' ? result.instances.get(name) : undefined
}

const asked = () => (existsSync(file('asked')) ? readFileSync(file('asked'), 'utf8').split('\n').filter(Boolean) : [])

const master: Told = { name: 'VI_1', state: 'MASTER', priority: 150, group: 'VG 1' }

describe('keepalived tells', () => {
  const transition = { wantState: 'MASTER', lastTransition: 1795453332648, becomeMaster: 3 }

  test('the state of each instance and group', async () => {
    behave([master, { name: 'VI_2', state: 'MASTER', priority: 140, group: 'VG 1' }])
    const { pid } = await startStandIn()
    expect(await probeOf().read()).toEqual({
      kind: 'running',
      pid,
      instances: new Map([
        ['VI_1', { name: 'VI_1', state: 'MASTER', effectivePriority: 150, address: '10.0.1.11', ...transition }],
        ['VI_2', { name: 'VI_2', state: 'MASTER', effectivePriority: 140, address: '10.0.1.11', ...transition }],
      ]),
      groups: new Map([
        [
          'VG 1',
          {
            name: 'VG 1',
            state: 'MASTER',
            effectivePriority: 140,
            address: '10.0.1.11',
            members: ['VI_1', 'VI_2'],
          },
        ],
      ]),
      lacking: undefined,
    })
  })

  test('of a group whose members differ, that it is in no state', async () => {
    behave([master, { name: 'VI_2', state: 'BACKUP', priority: 140, group: 'VG 1', address: '10.0.1.12' }])
    await startStandIn()
    const result = await probeOf({ expected: ['VG 1'] }).read()
    expect(result.kind === 'running' && result.groups.get('VG 1')).toMatchObject({
      state: 'UNKNOWN',
      address: undefined,
    })
  })

  test('in two pieces what is read as a whole', async () => {
    behave([master], { how: 'halves' })
    await startStandIn()
    expect(await probeOf().read()).toMatchObject({ kind: 'running', lacking: undefined })
  })

  test('without JSON by its data alone', async () => {
    behave([master])
    const { pid } = await startStandIn()
    const result = await probeOf({ program: program(false) }).read()
    const told = { name: 'VI_1', state: 'MASTER', effectivePriority: 150, address: '10.0.1.11', ...transition }
    expect(result).toMatchObject({
      kind: 'running',
      pid,
      instances: new Map([['VI_1', { ...told, becomeMaster: undefined }]]),
    })
    expect(result).toMatchObject({ groups: new Map([['VG 1', expect.objectContaining({ state: 'MASTER' })]]) })
    expect(asked()).toEqual(['keepalived.data'])
  })

  test('no addresses where its data are no longer those that we know', async () => {
    behave([master], { data: 'something else' })
    await startStandIn()
    const result = await probeOf({ timeoutMs: 100 }).read()
    expect(result).toMatchObject({ kind: 'running', lacking: expect.stringContaining('keepalived.data is not whole') })
    expect(instanceIn(result)).toMatchObject({
      state: 'MASTER',
      address: undefined,
    })
  })

  test('its addresses once a minute, for a reload may have changed them', async () => {
    behave([master])
    await startStandIn()
    let later = 0
    const probe = probeOf({ clock: { ...systemClock, now: () => performance.now() + later } })
    await probe.read()
    behave([{ ...master, state: 'BACKUP', address: '2001:db8::1' }])
    const soon = await probe.read()
    expect(instanceIn(soon)).toMatchObject({ state: 'BACKUP', address: '10.0.1.11' })
    expect(asked()).toEqual(['keepalived.json', 'keepalived.data', 'keepalived.json'])
    later = 61_000
    expect(instanceIn(await probe.read())).toMatchObject({ state: 'BACKUP', address: '2001:db8::1' })
  })

  test('its addresses at once when a reload has brought another instance or group', async () => {
    behave([master])
    await startStandIn()
    const probe = probeOf({ expected: ['VI_1', 'VG 2'] })
    await probe.read()
    const second: Told = { name: 'VI_2', state: 'BACKUP', priority: 140, address: '10.0.1.12', group: 'VG 2' }
    behave([master, second])
    const result = await probe.read()
    expect(instanceIn(result, 'VI_2')).toMatchObject({ address: '10.0.1.12' })
    expect(result.kind === 'running' && result.groups.get('VG 2')).toMatchObject({ members: ['VI_2'] })
  })

  test('those who ask at once the same, once more if it was asked before they did', async () => {
    behave([master], { how: 'halves' })
    await startStandIn()
    const probe = probeOf()
    const first = probe.read()
    const others = [probe.read(), probe.read(), probe.read()]
    expect(others[1]).toBe(others[0])
    await Promise.all([first, ...others])
    expect(asked().filter((name) => name === 'keepalived.json')).toHaveLength(2)
  })

  test('anew what it is after a restart', async () => {
    behave([master])
    const child = await startStandIn()
    const probe = probeOf()
    await probe.read()
    child.kill('SIGKILL')
    await once(child, 'exit')
    behave([{ ...master, state: 'BACKUP', address: '10.0.1.12' }])
    const { pid } = await startStandIn()
    const result = await probe.read()
    expect(result).toMatchObject({ kind: 'running', pid })
    expect(instanceIn(result)).toMatchObject({
      state: 'BACKUP',
      address: '10.0.1.12',
    })
  })
})

describe('nothing is guessed', () => {
  test('when it does not answer, whatever an older file says', async () => {
    behave([master], { how: 'silent' })
    writeFileSync(file('keepalived.json'), JSON.stringify(jsonOf([master])))
    await startStandIn()
    expect(await probeOf({ timeoutMs: 100 }).read()).toEqual({
      kind: 'unknown',
      reason: expect.stringMatching(/no new .*keepalived\.json 100 ms after/),
    })
  })

  test('when the file is never whole', async () => {
    behave([master], { how: 'half' })
    await startStandIn()
    expect(await probeOf({ timeoutMs: 100 }).read()).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('not whole'),
    })
  })

  test('when it has no instance that is ours', async () => {
    behave([{ ...master, name: 'VI_9' }])
    await startStandIn()
    expect(await probeOf().read()).toEqual({ kind: 'unknown', reason: 'keepalived knows VI_9, VG 1, and not VI_1' })
  })

  test('when its state is a number that we do not know', async () => {
    const [known] = jsonOf([master])
    behave([master], { json: [{ ...known, data: { ...known?.data, state: 7 } }] })
    await startStandIn()
    expect(await probeOf().read()).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('none that we know'),
    })
  })

  test('when it does not take signals yet, and it lives on', async () => {
    behave([master], { deaf: true })
    const child = await startStandIn()
    expect(await probeOf().read()).toEqual({ kind: 'unknown', reason: expect.stringContaining('it starts') })
    expect(child.exitCode ?? child.signalCode).toBeNull()
  })

  test('when it is killed while it is asked: it does not run', async () => {
    behave([master], { how: 'silent' })
    const child = await startStandIn()
    const reading = probeOf({ timeoutMs: 500 }).read()
    await expect.poll(asked).toHaveLength(1)
    child.kill('SIGKILL')
    expect(await reading).toMatchObject({ kind: 'not-running' })
  })
})

describe('keepalived does not run', () => {
  test.each([
    ['there is no pid file', undefined, 'is not there'],
    ['the pid file names a process that is no keepalived', String(process.pid), `process ${process.pid}, which is no`],
    ['the pid file names no process', '4194305', 'process 4194305, which is no keepalived'],
  ])('when %s', async (_, pid, reason) => {
    if (pid !== undefined) writeFileSync(file('pid'), pid)
    // Another test may have a keepalived say its version at this moment.
    await expect.poll(() => probeOf().read()).toEqual({ kind: 'not-running', reason: expect.stringContaining(reason) })
  })

  test('when it has ended and its pid file is left', async () => {
    behave([master])
    const child = await startStandIn()
    child.kill('SIGKILL')
    await once(child, 'exit')
    await expect.poll(() => probeOf().read()).toMatchObject({ kind: 'not-running' })
  })

  test('when it has ended and whoever started it has not asked how', async () => {
    behave([master])
    const shell = spawn(
      'sh',
      ['-c', '"$@" & echo $! > "$TMPDIR/pid"; exec sleep 60', 'sh', process.execPath, '-e', standIn],
      {
        env: { ...process.env, TMPDIR: directory },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    onTestFinished(() => {
      shell.kill('SIGKILL')
    })
    await once(shell.stdout, 'data')
    const pid = Number(readFileSync(file('pid'), 'utf8'))
    expect(await probeOf().read()).toMatchObject({ kind: 'running', pid })
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain('(keepalived) Z')
    await expect.poll(() => probeOf().read()).toMatchObject({ kind: 'not-running' })
  })

  test('is not said when one runs that has another pid file', async () => {
    copyFileSync('/bin/sleep', file('keepalived'))
    chmodSync(file('keepalived'), 0o755)
    const child = spawn(file('keepalived'), ['60'], { stdio: 'ignore' })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    await once(child, 'spawn')
    expect(await probeOf().read()).toEqual({
      kind: 'unknown',
      reason: expect.stringMatching(
        /^.*\/pid is not there, but keepalived runs as process \d+: keepalived\.pidFile must/,
      ),
    })
  })

  test('is not said when the pid file is not written yet', async () => {
    writeFileSync(file('pid'), '')
    expect(await probeOf().read()).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('no process id') })
  })
})

describe('a dump', () => {
  const told = [master, { ...master, name: 'VI "2" }]', state: 'FAULT' } as const]

  test('is nothing until it is whole', () => {
    const json = JSON.stringify(jsonOf(told))
    const data = dataOf(told)
    const whole = { json: parseJsonDump(json), data: parseDataDump(data) }
    expect(whole.json).toMatchObject([{ name: 'VI_1' }, { name: 'VI "2" }]', state: 'FAULT' }])
    expect(whole.data).toMatchObject([{ name: 'VI_1' }, { name: 'VI "2" }]', state: 'FAULT' }])
    for (let end = 0; end < json.length; end++) expect(parseJsonDump(json.slice(0, end))).toBeUndefined()
    for (let end = 0; end < data.length; end++) {
      expect([undefined, JSON.stringify(whole.data)]).toContain(JSON.stringify(parseDataDump(data.slice(0, end))))
    }
  })

  test('is read in the form of json_version 2, too', () => {
    expect(parseJsonDump(JSON.stringify({ vrrp: jsonOf(told), track_process: [] }))).toEqual(
      parseJsonDump(JSON.stringify(jsonOf(told))),
    )
  })
})

describe('an address', () => {
  test('is present where it is, however it is written', () => {
    expect(addressPresent('127.0.0.1')).toBe(true)
    expect(addressPresent('127.0.0.1/32', 'lo')).toBe(true)
    expect(addressPresent('127.0.0.1', 'eth9')).toBe(false)
    expect(addressPresent('10.99.0.10')).toBe(false)
    expect(addressPresent('2001:db8:0::1')).toBe(false)
  })
})
