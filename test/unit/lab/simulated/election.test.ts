import { describe, expect, test } from 'vitest'
import { hold, type Voter, type VrrpState } from '../../../../src/lab/simulated/election.ts'

const self: Voter = { priority: 100, address: '10.0.2.12', interval: 200 }
/** 3 × 200 ms, and a skew of 156/256 of an interval. */
const MASTER_DOWN = 721.875
const higher = { priority: 150, address: '10.0.1.11' }
const lower = { priority: 50, address: '10.0.3.13' }

const heard = (state: VrrpState, advert: typeof higher) => hold(self, state, { kind: 'advert', advert })

test('a node begins as BACKUP, and takes over if it hears no adverts for three intervals and a skew', () => {
  expect(hold(self, 'BACKUP', { kind: 'start' })).toEqual({
    state: 'BACKUP',
    timer: MASTER_DOWN,
    sends: false,
    event: 'BACKUP',
  })
  expect(hold(self, 'BACKUP', { kind: 'timer' })).toEqual({ state: 'MASTER', timer: 200, sends: true, event: 'MASTER' })
})

test('the skew makes the higher priority the first to take over', () => {
  const timer = (priority: number) => hold({ ...self, priority }, 'BACKUP', { kind: 'start' }).timer ?? 0
  expect(timer(150)).toBeLessThan(timer(100))
})

describe('a BACKUP', () => {
  test('waits again for as long after each advert of a higher node', () => {
    expect(heard('BACKUP', higher)).toEqual({ state: 'BACKUP', timer: MASTER_DOWN, sends: false, event: undefined })
  })

  test('lets its timer run on when it hears a lower one, and so preempts it', () => {
    expect(heard('BACKUP', lower)).toMatchObject({ state: 'BACKUP', timer: undefined, sends: false })
  })

  test('takes over soon after the master resigned', () => {
    expect(heard('BACKUP', { ...higher, priority: 0 }).timer).toBe(121.875)
  })
})

describe('a MASTER', () => {
  test('sends an advert every interval', () => {
    expect(hold(self, 'MASTER', { kind: 'timer' })).toEqual({
      state: 'MASTER',
      timer: 200,
      sends: true,
      event: undefined,
    })
  })

  test.each([
    ['a higher priority', higher],
    ['the same priority and a higher address', { priority: 100, address: '10.0.10.1' }],
  ])('steps down before %s', (_, advert) => {
    expect(heard('MASTER', advert)).toEqual({ state: 'BACKUP', timer: MASTER_DOWN, sends: false, event: 'BACKUP' })
  })

  test.each([
    ['a lower priority', lower],
    ['the same priority and a lower address', { priority: 100, address: '10.0.2.2' }],
  ])('answers %s with an advert, and says that it heard it', (_, advert) => {
    expect(heard('MASTER', advert)).toEqual({
      state: 'MASTER',
      timer: 200,
      sends: true,
      event: 'MASTER_RX_LOWER_PRI',
    })
  })

  test('stays when another one resigns', () => {
    expect(heard('MASTER', { ...higher, priority: 0 })).toMatchObject({ state: 'MASTER', event: undefined })
  })
})
