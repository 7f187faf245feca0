/** How long what lasted, and what the last transition was. */
import { describe, expect, test } from 'vitest'
import type { AnyEntry, Happening } from '../../../src/history/entry.ts'
import { lastTransitionOf, timelineOf } from '../../../src/history/timeline.ts'
import { eni } from '../../support/fixtures.ts'

const OWN = eni('eni-0a')
type Change = Partial<Pick<AnyEntry, 'by' | 'instance'>>

const at = (seconds: number, happening: Happening, change: Change = {}): AnyEntry => ({
  ...{ at: seconds * 1000, by: 'daemon', instance: 'VI_1', eni: OWN },
  ...change,
  ...happening,
})
const became = (to: 'MASTER' | 'BACKUP', found = false): Happening => ({
  ...{ kind: 'transition', from: found ? 'UNKNOWN' : to === 'MASTER' ? 'BACKUP' : 'MASTER', to },
  ...{ priority: 100, cause: 'fifo', found },
})
const decided = (condition: 'OK' | 'SPLIT-BRAIN', reason = ''): Happening => ({
  ...{ kind: 'decision', condition, action: 'none', intended: OWN, reason },
})
const daemon = (what: 'started' | 'stopped'): Happening => ({ kind: 'daemon', what, why: null })
const wrote = (rest: { ms: number | null; since?: 'event' | 'decision'; failed?: number }): Happening => ({
  ...{ kind: 'writes', accepted: 2, failed: 0, waiting: 0, ended: 0, since: 'event', ...rest },
  ...{ routes: [], takenFrom: [], errors: [] },
})

const lengths = (entries: readonly AnyEntry[], now: number | undefined) =>
  timelineOf(entries, now).map(({ lasted }) => lasted && [lasted.ms / 1000, lasted.isOver])

describe('lasts', () => {
  test('a condition, until there is another, whatever its sentence', () => {
    const entries = [
      at(0, decided('OK')),
      at(5, decided('SPLIT-BRAIN')),
      at(7, decided('SPLIT-BRAIN', 'still')),
      at(9, decided('OK')),
    ]
    expect(lengths(entries, 20_000)).toEqual([[5, true], [4, true], undefined, [11, false]])
  })

  test('a state, each instance’s its own', () => {
    const other = { instance: 'VI_2' }
    const entries = [
      at(0, became('BACKUP')),
      at(1, became('BACKUP'), other),
      at(2, became('MASTER')),
      at(6, became('MASTER'), other),
    ]
    expect(lengths(entries, 10_000)).toEqual([
      [2, true],
      [5, true],
      [8, false],
      [4, false],
    ])
  })

  test('nothing, as far as anybody knows, when no daemon watches now', () => {
    expect(lengths([at(0, became('BACKUP')), at(2, became('MASTER'))], undefined)).toEqual([[2, true], undefined])
  })

  test('a condition, until the daemon stops; and nobody knows how long, if it was killed', () => {
    const stopped = [at(0, decided('OK')), at(5, daemon('stopped')), at(9, daemon('started')), at(10, decided('OK'))]
    expect(lengths(stopped, 20_000)).toEqual([[5, true], undefined, undefined, [10, false]])
    const killed = [at(0, decided('OK')), at(9, daemon('started')), at(10, decided('OK'))]
    expect(lengths(killed, 20_000)).toEqual([undefined, undefined, [10, false]])
  })

  test('a state, though a daemon starts and finds it', () => {
    const entries = [at(0, became('MASTER')), at(9, daemon('started')), at(10, became('MASTER', true))]
    expect(lengths(entries, 20_000)).toEqual([[20, false], undefined, undefined])
  })
})

describe('the last transition', () => {
  const last = (...entries: AnyEntry[]) => lastTransitionOf(entries, 'VI_1')

  test('and how long its routes took', () => {
    const entries = [
      at(0, became('BACKUP')),
      at(5, became('MASTER')),
      at(6, wrote({ ms: 38 })),
      at(9, wrote({ ms: 7, since: 'decision' })),
    ]
    expect(last(...entries)).toEqual({ eni: OWN, state: 'MASTER', at: 5000, acceptedMs: 38 })
  })

  test('is of the instance', () => {
    expect(last(at(0, became('BACKUP')), at(5, became('MASTER'), { instance: 'VI_2' }))?.state).toBe('BACKUP')
    expect(last(at(5, became('MASTER'), { instance: 'VI_2' }))).toBeUndefined()
  })

  test('is not what a daemon finds that starts, unless it has changed', () => {
    expect(last(at(0, became('MASTER')), at(10, became('MASTER', true)))?.at).toBe(0)
    expect(last(at(0, became('MASTER')), at(10, became('BACKUP', true)))?.at).toBe(10_000)
  })

  test('took no time that is known, if a route was not accepted', () => {
    expect(last(at(0, became('MASTER')), at(1, wrote({ ms: 38, failed: 1 })))?.acceptedMs).toBeUndefined()
    expect(last(at(0, became('MASTER')))?.acceptedMs).toBeUndefined()
  })
})
