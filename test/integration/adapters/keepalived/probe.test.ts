/** What the probe learns from a process that is called keepalived, and answers its signals. */
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../../src/platform/clock.ts'
import { master, type Told } from '../../../support/keepalived-dumps.ts'
import {
  asked,
  behave,
  instanceIn,
  makeDirectoryForEachTest,
  probeOf,
  program,
  startStandIn,
} from '../../../support/keepalived-stand-in.ts'

makeDirectoryForEachTest()

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
    expect(result).toMatchObject({ kind: 'running', lacking: expect.stringContaining('keepalived.data is incomplete') })
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
