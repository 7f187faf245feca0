/** Files among the recorded events that are none, or tell of what cannot have happened yet. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { VrrpEvent } from '../../../../src/adapters/keepalived/event.ts'
import { type Moment, newestOf } from '../../../../src/agent/node/event-order.ts'
import { momentOf, recordEvent, recordedEvents, ticksNow } from '../../../../src/agent/node/journal.ts'

let state: string
let told: string[]
const known = momentOf()
const tell = (text: string) => told.push(text)
const inEvents = (...path: string[]) => join(state, 'VI_1.events', ...path)
const names = () => readdirSync(inEvents())

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'vip-switch-journal-'))
  mkdirSync(inEvents())
  told = []
})
afterEach(() => rmSync(state, { recursive: true }))

const event = (stateText: VrrpEvent['state']): VrrpEvent => ({
  ...{ type: 'INSTANCE', name: 'VI_1', priority: 100 },
  state: stateText,
})
const plant = (name: string) => writeFileSync(inEvents(name), '')
const nameOf = (ticks: number | string, stateText = 'BACKUP', boot = known.boot) => `${boot}_${ticks}_1_${stateText}`
/** Ten years. */
const AHEAD = 31_557_600_000
const newest = (moment: Moment = known) => newestOf(recordedEvents(state, 'VI_1', moment, tell), moment.boot)

describe('an event that lies ahead of the kernel’s clock', () => {
  test.each([ticksNow() + 60_000, AHEAD, '999999999999999'])('is not the newest: %s ticks', (ticks) => {
    plant(nameOf(ticks))
    expect(newest()).toBeUndefined()
    expect(told).toEqual([expect.stringContaining('lies ahead of the kernel’s clock')])
  })

  test('is removed by whoever records the next one, and told once', () => {
    plant(nameOf(AHEAD))
    plant(nameOf(AHEAD, 'MASTER'))
    const recorded = recordEvent(state, event('MASTER'), known, tell)
    expect(newestOf(recorded, known.boot)).toMatchObject({ state: 'MASTER', ticks: known.ticks })
    expect(told).toEqual([expect.stringMatching(/ahead of the kernel’s clock: removed, and 1 more files$/)])
    expect(names()).toEqual([expect.stringMatching(/_MASTER$/)])
    recordEvent(state, event('MASTER'), known, tell)
    expect(told).toHaveLength(1)
  })
})

test('an event of this very moment is the newest', () => {
  plant(nameOf(ticksNow()))
  expect(newest({ ...known, ticks: 0 })).toMatchObject({ state: 'BACKUP' })
  expect(told).toEqual([])
})

test('where the time since boot is another one than the kernel’s, as in a container, every event is believed', () => {
  const here = { ...known, ticks: ticksNow() + 1_000_000 }
  plant(nameOf(here.ticks + 100))
  expect(newest(here)).toMatchObject({ state: 'BACKUP' })
})

describe('what is not an event', () => {
  const strange = ['', 'note', nameOf(1, 'ELECTED'), nameOf('9'.repeat(100)), `${nameOf(1)}_undone`, '\x1b[2J']

  test.each(strange.slice(1))('is ignored, removed and told, as it can be read: %j', (name) => {
    plant(name)
    expect(newest()).toBeUndefined()
    recordEvent(state, event('BACKUP'), known, tell)
    expect(names()).toHaveLength(1)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
    expect(told.at(-1)).toMatch(/^[^\x00-\x1f]+which is not an event: removed$/)
  })

  test('is told where it cannot be removed', () => {
    mkdirSync(inEvents('folder'))
    recordEvent(state, event('BACKUP'), known, tell)
    expect(told).toEqual([expect.stringMatching(/"folder", which is not an event: ignored$/)])
  })

  test('is told in one line, however much there is', () => {
    for (let index = 0; index < 1500; index++) plant(`x${index}`)
    recordEvent(state, event('BACKUP'), known, tell)
    expect(told).toEqual([expect.stringMatching(/is not an event: removed, and 1499 more files$/)])
    expect(names()).toHaveLength(1)
  })
})

test('a link to a directory of events is no record', () => {
  rmSync(inEvents(), { recursive: true })
  const another = mkdtempSync(join(tmpdir(), 'vip-switch-journal-'))
  writeFileSync(join(another, nameOf(known.ticks + 1)), '')
  symlinkSync(another, inEvents())
  expect(() => newest()).toThrow('ENOTDIR')
  rmSync(another, { recursive: true })
})
