import { expect, test } from 'vitest'
import type { Level, Log } from '../../../src/platform/log.ts'
import { countRepeats } from '../../../src/platform/repeats.ts'
import { settableClock } from '../../support/fixtures.ts'

function counting() {
  const clock = settableClock()
  const lines: string[] = []
  const say = (level: Level) => (about: string | object, text?: string) => {
    const facts = typeof about === 'string' ? [about] : [...Object.values(about), text]
    lines.push([level, ...facts].join(' '))
  }
  const target: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
  const log = countRepeats(target, clock)
  /** What was said since it was asked for last. */
  const said = () => lines.splice(0)
  return { clock, log, said }
}

test('a remark is said once, and then counted', async () => {
  const { clock, log, said } = counting()
  for (let times = 0; times < 47; times++) log.warn('no answer')
  log.error('no answer')
  expect(said()).toEqual(['warn no answer', 'error no answer'])
  await clock.set(10_000)
  expect(said()).toEqual(['warn no answer … 46 more times within 10 s'])
})

test('a remark that has not come for a while is said at once', async () => {
  const { clock, log, said } = counting()
  log.warn('no answer')
  await clock.set(10_000)
  log.warn('no answer')
  expect(said()).toEqual(['warn no answer', 'warn no answer'])
})

test('while it goes on it is said more and more rarely, once a minute at last', async () => {
  const { clock, log, said } = counting()
  for (let second = 0; second < 600; second += 1) {
    await clock.set(second * 1000)
    log.warn('no answer')
  }
  const [first, ...counted] = said()
  expect(first).toBe('warn no answer')
  expect(counted.slice(0, 4).map((line) => line.replace(/.* within/, 'within'))).toEqual([
    'within 10 s',
    'within 20 s',
    'within 40 s',
    'within 60 s',
  ])
  expect(counted).toHaveLength(11)
})

test('what goes wrong with two VRRP instances is said of both, whatever its details', () => {
  const { log, said } = counting()
  for (const instance of ['VI_1', 'VI_2']) {
    log.error({ instance, hint: 'wait' }, 'it is denied')
    log.error({ instance, hint: 'look' }, 'it is denied')
  }
  expect(said()).toEqual(['error VI_1 wait it is denied', 'error VI_2 wait it is denied'])
})

test('the id of a request makes no other remark', () => {
  const { log, said } = counting()
  for (const id of ['6b1a', '7c2b']) log.error(`EC2 answered UnauthorizedOperation (request ${id}): no`)
  expect(said()).toEqual(['error EC2 answered UnauthorizedOperation (request 6b1a): no'])
})

test('what is done is told in full, of each route, and counted only where it goes on and on', async () => {
  const { clock, log, said } = counting()
  for (let times = 0; times < 12; times++) {
    log.info({ route: 'a' }, 'accepted')
    log.info({ route: 'b' }, 'accepted')
  }
  const lines = said()
  expect(lines.filter((line) => line === 'info a accepted')).toHaveLength(10)
  expect(lines.filter((line) => line === 'info b accepted')).toHaveLength(10)
  await clock.set(10_000)
  expect(said()).toEqual(['info a accepted … 2 more times within 10 s', 'info b accepted … 2 more times within 10 s'])
})

test('what is done again and again is one remark, whatever is counted in it', () => {
  const { log, said } = counting()
  for (let times = 0; times < 12; times++) log.info({ instance: 'VI_1' }, `MASTER ${times} times`)
  expect(said()).toHaveLength(10)
})

test('what is asked for with debug is never counted', () => {
  const { log, said } = counting()
  for (let times = 0; times < 50; times++) log.debug('tried')
  expect(said()).toHaveLength(50)
})

test('at the end what was counted is said', async () => {
  const { clock, log, said } = counting()
  log.warn('no answer')
  log.warn('no answer')
  log.warn('another')
  await clock.set(2500)
  log.flush()
  expect(said()).toEqual(['warn no answer', 'warn another', 'warn no answer … 1 more time within 3 s'])
})

test('problems that differ in a time, a port, a process or an address are one', async () => {
  const { clock, log, said } = counting()
  for (const number of [11, 222, 3333]) {
    log.warn(`no answer within ${number} ms`)
    log.warn(`connect ETIMEDOUT 52.119.${number % 200}.7:443 from port ${number}`)
    log.warn(`process ${number} does not answer (${number}ms)`)
  }
  expect(said()).toHaveLength(3)
  await clock.set(10_000)
  expect(said()).toEqual([
    'warn no answer within 11 ms … 2 more times within 10 s',
    'warn connect ETIMEDOUT 52.119.11.7:443 from port 11 … 2 more times within 10 s',
    'warn process 11 does not answer (11ms) … 2 more times within 10 s',
  ])
})

test('problems with two VIPs, tables or nodes are two', () => {
  const { log, said } = counting()
  for (const what of ['10.99.0.10/32 in rtb-01', '10.99.0.11/32 in rtb-01', '10.99.0.10/32 in rtb-02']) {
    log.warn(`ReplaceRoute ${what} is denied`)
  }
  for (const eni of ['eni-01', 'eni-02']) log.warn(`the claim of ${eni} is invalid`)
  expect(said()).toHaveLength(5)
})
