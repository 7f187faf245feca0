/** For how long a hook tries: 50 routes go at once, and EC2's token bucket lets 5 a second follow. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { handOver } from '../../../../src/agent/notify/hand-over.ts'
import { handleEvent } from '../../../../src/agent/notify/handle-event.ts'
import type { EventResult } from '../../../../src/agent/transition-hooks/event-hooks.ts'
import { systemClock } from '../../../../src/platform/clock.ts'
import type { Log } from '../../../../src/platform/log.ts'
import { environmentFor } from '../../../support/cli.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { silentLog } from '../../../support/fixtures.ts'
import { byIds, eniOf } from '../../../support/node.ts'

startEndpointForEachTest()
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** 100 in each of two tables. */
const VIPS = Array.from({ length: 100 }, (_, index) => `10.99.1.${index}`)
/** Of the bucket: (200 - 50) / 5 s. */
const FLOOR_MS = 30_000
/** What is kept of a deadline for a last look. */
const LAST_LOOK_MS = 2000
/** Of simulated time, and of real time in which what was asked for on the network comes. */
const STEP_MS = 100
const REAL_STEP_MS = 5

type Ended = { readonly result: EventResult | undefined; readonly ms: number }

/** Runs a hook of MASTER to its end, in simulated time. */
async function runHook({ deadlineMs, log = silentLog, url = endpoint.url }: Options = {}): Promise<Ended> {
  for (const [name, value] of Object.entries(environmentFor(endpoint, { AWS_ENDPOINT_URL: url }))) {
    vi.stubEnv(name, value)
  }
  const reallySleep = setTimeout
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const places = { configPath: join(directory, 'config.yaml'), stateDirectory: directory, historyDirectory: directory }
  const instance = byIds().replace('[10.99.0.10]', `[${VIPS}]`)
  const control = join(directory, 'no-daemon.sock')
  writeFileSync(
    places.configPath,
    `cluster: db\neni: ${eniOf('db-1')}\ncontrol: ${control}\ninstances:\n  VI_1: { ${instance} }\n`,
  )
  const handed = await handOver(['INSTANCE', 'VI_1', 'MASTER', '150'], { ...places, controlPath: control })
  if (handed.kind !== 'ours') throw new Error(`${handed.kind}, though there is no daemon`)
  const start = performance.now()
  let ended: Ended | undefined
  const end = (result?: EventResult) => {
    ended = { result, ms: performance.now() - start }
  }
  void handleEvent(handed, { ...places, deadlineMs, clock: systemClock, log }).then(end, () => end())
  while (!ended) {
    await vi.advanceTimersByTimeAsync(STEP_MS)
    await new Promise((resolve) => reallySleep(resolve, REAL_STEP_MS))
  }
  return ended
}
type Options = { deadlineMs?: number; log?: Log; url?: string }

const NOBODY = 'http://127.0.0.1:9'

/** Within a second of simulated time. */
const isAbout = (ms: number) => expect.closeTo(ms / 1000, 0)

test('as long as the bucket needs, telling every five seconds how many wait', async () => {
  const told: string[] = []
  const note = (about: string | object, text?: string) => void told.push(text ?? String(about))
  const { result } = await runHook({ log: { debug: note, info: note, warn: note, error: note } })
  expect(result?.outcomes.filter(({ verdict }) => verdict === 'done')).toHaveLength(200)
  const waiting = told.flatMap((text) => /^ReplaceRoute: (\d+) more wait for EC2's token bucket/.exec(text)?.[1] ?? [])
  expect(waiting.length).toBeGreaterThanOrEqual(5)
}, 60_000)

test('where EC2 does not answer, a minute longer than the bucket needs', async () => {
  const { ms } = await runHook({ url: NOBODY })
  expect(ms / 1000).toEqual(isAbout(60_000 + FLOOR_MS - LAST_LOOK_MS))
}, 60_000)

test('what --deadline says, where it says anything', async () => {
  const { ms } = await runHook({ url: NOBODY, deadlineMs: 40_000 })
  expect(ms / 1000).toEqual(isAbout(40_000 - LAST_LOOK_MS))
}, 60_000)
