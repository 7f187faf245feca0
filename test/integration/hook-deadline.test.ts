/** For how long a hook tries: 50 routes go at once, and EC2's token bucket lets 5 a second follow. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { handOver } from '../../src/agent/hook/hand-over.ts'
import { handleEvent } from '../../src/agent/hook/hook.ts'
import type { Clock } from '../../src/clock.ts'
import type { Log } from '../../src/log.ts'
import { gate, silentLog } from '../fixtures.ts'
import { environmentFor } from './cli.ts'
import { directory, endpoint, startEndpointForEachTest, writes } from './endpoint.ts'
import { byIds, eniOf } from './node.ts'

startEndpointForEachTest()
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** 100 in each of two tables. */
const VIPS = Array.from({ length: 100 }, (_, index) => `10.99.1.${index}`)
/** Of the bucket: (200 - 50) / 5 s. */
const FLOOR_MS = 30_000

/** Runs the hook; when what goes at once is answered, so much time passes before the bucket lets another write through. */
async function runHook(ms: number, { deadlineMs, log = silentLog }: { deadlineMs?: number; log?: Log } = {}) {
  for (const [name, value] of Object.entries(environmentFor(endpoint))) vi.stubEnv(name, value)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const refill = gate()
  let now = 0
  const clock: Clock = {
    now: () => now,
    wall: () => now,
    async sleep(wait, signal) {
      await refill.opened
      signal.throwIfAborted()
      now += wait
    },
  }
  const places = { configPath: join(directory, 'config.yaml'), stateDirectory: directory }
  const instance = byIds().replace('[10.99.0.10]', `[${VIPS}]`)
  const control = join(directory, 'no-daemon.sock')
  const config = `cluster: db\neni: ${eniOf('db-1')}\ncontrol: ${control}\ninstances:\n  VI_1: { ${instance} }\n`
  writeFileSync(places.configPath, config)
  const handed = await handOver(['INSTANCE', 'VI_1', 'MASTER', '150'], { ...places, controlPath: control })
  if (handed.kind !== 'ours') throw new Error(`${handed.kind}, though there is no daemon`)
  const running = handleEvent(handed, { ...places, deadlineMs, clock, log })
  await expect.poll(() => writes().filter(({ status }) => status === 200)).toHaveLength(50)
  vi.advanceTimersByTime(ms)
  refill.open()
  const { outcomes } = await running
  return outcomes.filter(({ verdict }) => verdict === 'done').length
}

test('as long as the bucket needs, and a minute', async () => {
  expect(await runHook(60_000 + FLOOR_MS - 1000)).toBe(200)
}, 20_000)

test('telling every five seconds how many wait, and for how long', async () => {
  const told: string[] = []
  const note = (about: string | object, text?: string) => void told.push(text ?? String(about))
  await runHook(0, { log: { debug: note, info: note, warn: note, error: note } })
  const waiting = told.flatMap((text) => /^ReplaceRoute: (\d+) more wait for EC2's token bucket/.exec(text)?.[1] ?? [])
  expect(waiting.map(Number)).toEqual([...waiting.map(Number)].sort((a, b) => b - a))
  expect(waiting.length).toBeGreaterThanOrEqual(5)
}, 20_000)

test('and no longer', async () => {
  expect(await runHook(60_000 + FLOOR_MS + 1000)).toBeLessThan(200)
}, 20_000)

test('what --deadline says, where it says anything', async () => {
  expect(await runHook(41_000, { deadlineMs: 40_000 })).toBeLessThan(200)
}, 20_000)
