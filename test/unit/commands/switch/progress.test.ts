import { expect, test } from 'vitest'
import { tellProgress } from '../../../../src/commands/switch/progress.ts'
import { parseVip } from '../../../../src/core/vip.ts'
import { Failure } from '../../../../src/platform/errors.ts'
import type { Log } from '../../../../src/platform/log.ts'
import { rtb, settableClock } from '../../../support/fixtures.ts'

const KEYS = ['rtb-0a', 'rtb-0b', 'rtb-0c', 'rtb-0d', 'rtb-0e'].map((id) => ({
  table: rtb(id),
  vip: parseVip('10.99.0.10'),
}))

function start(routes: number) {
  const told: string[] = []
  const say = (level: string) => (about: string | object, text?: string) => void told.push(`${level}: ${text ?? about}`)
  const log: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
  const clock = settableClock()
  const due = KEYS.slice(0, routes)
  const progress = tellProgress(due, clock, log)
  const note = (index: number, kind: 'accepted' | 'confirmed') => {
    const key = due[index]
    if (key) progress.note({ key, kind })
  }
  return { told, clock, progress, due, note }
}

test('of a switch that is quick, nothing is told', async () => {
  const { told, clock, progress, note } = start(1)
  await clock.set(300)
  note(0, 'accepted')
  note(0, 'confirmed')
  progress.end()
  await clock.set(10_000)
  expect(told).toEqual([])
})

test('of one that takes long, what has changed, once a second, and what is waited for', async () => {
  const { told, clock, progress, note } = start(5)
  note(0, 'accepted')
  await clock.set(1999)
  expect(told).toEqual([])
  await clock.set(2000)
  await clock.set(3000)
  note(0, 'confirmed')
  for (const index of [1, 2, 3]) note(index, 'accepted')
  await clock.set(4000)
  note(4, 'accepted')
  await clock.set(5000)
  progress.end()
  const vip = '10.99.0.10/32'
  expect(told).toEqual([
    `info: 1 of 5 accepted, 0 confirmed; not answered: ${vip} in rtb-0b, ${vip} in rtb-0c, ${vip} in rtb-0d and 1 more`,
    `info: 4 of 5 accepted, 1 confirmed; not answered: ${vip} in rtb-0e`,
    'info: 5 of 5 accepted, 1 confirmed',
  ])
})

test('a route that has failed is told once, with what to do', async () => {
  const { told, clock, progress, due } = start(2)
  const [key] = due
  if (key) progress.note({ key, kind: 'failed', error: new Failure('failed', 'not authorized', { hint: 'a policy' }) })
  await clock.set(2000)
  await clock.set(3000)
  progress.end()
  expect(told).toEqual([
    'error: 10.99.0.10/32 in rtb-0a: not authorized',
    'info: 0 of 2 accepted, 0 confirmed, 1 failed; not answered: 10.99.0.10/32 in rtb-0b',
  ])
})
