import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseEventArguments, type VrrpEvent } from '../../../../src/adapters/keepalived/event.ts'
import {
  isNewer,
  type Moment,
  mastersBefore,
  newestOf,
  secondsBetween,
} from '../../../../src/agent/node/event-order.ts'
import { closeEvent, momentOf, recordEvent, recordedEvents } from '../../../../src/agent/node/journal.ts'

describe('the event that keepalived appends', () => {
  test('is read as it comes', () => {
    expect(parseEventArguments(['INSTANCE', 'VI_1', 'MASTER', '150'])).toEqual({
      type: 'INSTANCE',
      name: 'VI_1',
      state: 'MASTER',
      priority: 150,
    })
  })

  test('a group’s priority 0 means that keepalived does not tell, as does none by hand', () => {
    expect(parseEventArguments(['GROUP', 'VG_1', 'BACKUP', '0']).priority).toBeUndefined()
    expect(parseEventArguments(['INSTANCE', 'VI_1', 'MASTER_RX_LOWER_PRI']).priority).toBeUndefined()
  })

  test.each([
    [[], 'needs an event'],
    [['instance', 'VI_1', 'MASTER'], 'neither INSTANCE nor GROUP'],
    [['INSTANCE'], 'no instance name'],
    [['INSTANCE', ''], 'no instance name'],
    [['INSTANCE', 'VI_1', 'master'], 'is not a state'],
    [['INSTANCE', 'VI_1'], 'is not a state'],
    [['INSTANCE', 'VI_1', 'MASTER', '256'], 'is not a priority'],
    [['INSTANCE', 'VI_1', 'MASTER', 'high'], 'is not a priority'],
    [['INSTANCE', 'VI_1', 'MASTER', ''], 'is not a priority'],
    [['INSTANCE', 'VI_1', 'MASTER', '1', '2'], 'too many'],
  ])('%j is rejected, never guessed', (values, message) => {
    expect(() => parseEventArguments(values)).toThrow(message)
  })
})

describe('the journal', () => {
  let state: string
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'vip-switch-journal-'))
  })
  afterEach(() => rm(state, { recursive: true }))

  const event = (name: string, stateText: VrrpEvent['state']): VrrpEvent => ({
    type: 'INSTANCE',
    name,
    state: stateText,
    priority: 100,
  })
  const at = (ticks: number, pid = 10, boot = 'b0-0') => ({ boot, ticks, pid })
  const newest = (name: string) => newestOf(recordedEvents(state, name, at(1)), 'b0-0')

  test('the event forked later is the newest, whichever is recorded last', () => {
    expect(newestOf(recordEvent(state, event('VI_1', 'BACKUP'), at(200)), 'b0-0')?.state).toBe('BACKUP')
    expect(newestOf(recordEvent(state, event('VI_1', 'MASTER'), at(100)), 'b0-0')?.state).toBe('BACKUP')
    expect(newest('VI_1')).toMatchObject({ state: 'BACKUP', ticks: 200 })
  })

  test('one that is done is said to be, unless it is forgotten', () => {
    recordEvent(state, event('VI_1', 'MASTER'), at(100))
    closeEvent(state, event('VI_1', 'MASTER'), at(100))
    expect(newest('VI_1')).toEqual({ ...at(100), state: 'MASTER', isDone: true })
    recordEvent(state, event('VI_1', 'BACKUP'), at(101))
    recordEvent(state, event('VI_1', 'FAULT'), at(102))
    closeEvent(state, event('VI_1', 'BACKUP'), at(101))
    expect(newest('VI_1')).toMatchObject({ state: 'FAULT', isDone: false })
    expect(readdirSync(join(state, 'VI_1.events'))).toHaveLength(2)
  })

  test('within one tick of the kernel’s clock, the later pid is newer', () => {
    recordEvent(state, event('VI_1', 'BACKUP'), at(100, 11))
    recordEvent(state, event('VI_1', 'MASTER'), at(100, 9))
    expect(newest('VI_1')?.state).toBe('BACKUP')
    expect(isNewer(at(100, 11), at(100, 9))).toBe(true)
    expect(isNewer(at(100, 9), at(100, 9))).toBe(false)
  })

  test('older events are forgotten, so that the directory does not grow', () => {
    for (let ticks = 1; ticks <= 20; ticks++) recordEvent(state, event('VI_1', 'BACKUP'), at(ticks))
    expect(readdirSync(join(state, 'VI_1.events'))).toHaveLength(1)
  })

  test('the last two MASTER events of a minute are remembered, for the edge that follows them is held', () => {
    const ticksOfMasters = (moment: Moment) =>
      mastersBefore(recordedEvents(state, 'VI_1', moment), moment).map(({ ticks }) => ticks)
    for (let ticks = 100; ticks <= 500; ticks += 100) {
      recordEvent(state, event('VI_1', 'MASTER'), at(ticks))
      recordEvent(state, event('VI_1', 'BACKUP'), at(ticks + 50))
    }
    recordEvent(state, event('VI_1', 'MASTER'), at(600))
    expect(ticksOfMasters(at(600))).toEqual([500, 400])
    expect(readdirSync(join(state, 'VI_1.events'))).toHaveLength(3)
    recordEvent(state, event('VI_1', 'MASTER'), at(6450))
    expect(ticksOfMasters(at(6450))).toEqual([600, 500])
    recordEvent(state, event('VI_1', 'MASTER'), at(6550))
    expect(ticksOfMasters(at(6550))).toEqual([6450, 600])
    recordEvent(state, event('VI_1', 'MASTER'), at(20_000))
    expect(ticksOfMasters(at(20_000))).toEqual([])
  })

  test('events of an earlier boot count for nothing: the ticks start anew', () => {
    recordEvent(state, event('VI_1', 'MASTER'), at(9_000_000, 10, 'a0-0'))
    recordEvent(state, event('VI_1', 'BACKUP'), at(5))
    expect(newest('VI_1')).toMatchObject({ ticks: 5 })
  })

  test('instances are kept apart, whatever their names hold', () => {
    for (const name of ['..', 'a/b', 'a', 'VI 1']) recordEvent(state, event(name, 'MASTER'), at(1))
    recordEvent(state, event('a', 'BACKUP'), at(2))
    expect(newest('..')?.state).toBe('MASTER')
    expect(newest('a/b')?.state).toBe('MASTER')
    expect(newest('a')?.state).toBe('BACKUP')
    expect(newest('unheard of')).toBeUndefined()
    expect(readdirSync(state).sort()).toEqual(['%2E%2E.events', 'VI%201.events', 'a%2Fb.events', 'a.events'])
  })

  test('this process was forked at a moment that the kernel knows', () => {
    const moment = momentOf()
    expect(moment).toMatchObject({ pid: process.pid, boot: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect(moment.ticks).toBeGreaterThan(0)
    expect(secondsBetween(at(100), at(250))).toBe(1.5)
  })
})
