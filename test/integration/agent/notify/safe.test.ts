/** `failover: safe` where no daemon takes the event: a hook writes nothing over a live higher MASTER. */
import { describe, expect, test } from 'vitest'
import { logLines, type Run } from '../../../support/cli.ts'
import { endpoint, interceptWith, isWrite, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { BACKUP, both, byIds, eniOf, hook, MASTER, setTarget, TABLES, targets } from '../../../support/node.ts'

startEndpointForEachTest()

/** The shortest ttl that a config takes: 8 s. */
const TTL_MS = 8000
const CONFIG = 'failover: safe\ninterval: 1s'
const CLAIM = 'vip-switch:db:VI_1'
const PROOF = ['INSTANCE', 'VI_1', 'MASTER_RX_LOWER_PRI']

/** @param beat in seconds since the epoch */
function setClaim(node: string, state: string, beat: number, priority = 200): void {
  const tags = endpoint.region.tags.get(eniOf(node)) ?? new Map<string, string>()
  const value = `${state} prio=${priority} addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=${new Date(beat * 1000).toISOString()}`
  endpoint.region.tags.set(eniOf(node), tags.set(CLAIM, value))
}

/** What happens with each publish of the hook, by its number from 1. */
function atEachPublish(then: (count: number) => void): void {
  let count = 0
  interceptWith(({ action }) => {
    if (action === 'CreateTags') then(++count)
  })
}

const errorsOf = (run: Run) => logLines(run).flatMap(({ level, msg }) => (level === 50 ? [msg] : []))
const safeHook = (event: readonly string[], flags: string[] = []) =>
  hook('db-2', event, { instance: byIds(), config: CONFIG, flags })

const whereItWas = () => {
  for (const table of TABLES) setTarget(table, { field: 'networkInterfaceId', id: eniOf('db-1') })
}

describe('a hook without a daemon, with failover: safe', () => {
  test('publishes, reads the claims, and then writes at once where no other claims to be MASTER', async () => {
    setClaim('db-1', 'BACKUP', 0)
    expect((await safeHook(MASTER)).exitCode).toBe(0)
    const actions = endpoint.requests.map(({ action }) => action)
    const published = actions.indexOf('CreateTags')
    const read = actions.indexOf('DescribeNetworkInterfaces', published)
    const written = actions.findIndex(isWrite)
    expect(published).toBeGreaterThanOrEqual(0)
    expect([published < read, read < written]).toEqual([true, true])
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('writes nothing while a higher MASTER shows that it lives, and says so at its deadline', async () => {
    whereItWas()
    setClaim('db-1', 'MASTER', 0)
    atEachPublish((count) => setClaim('db-1', 'MASTER', count))
    const run = await safeHook(MASTER, ['--deadline', `${TTL_MS / 1000 + 2}s`])
    expect(run.exitCode).toBe(4)
    expect(errorsOf(run)).toEqual([
      `${eniOf('db-1')}, MASTER 200, is alive; we are MASTER 150: split brain, leaving the routes to it`,
    ])
    expect(writes()).toHaveLength(0)
    expect(targets()).toEqual(both(eniOf('db-1')))
  }, 30_000)

  test('takes the routes of a higher MASTER that shows no life for the ttl', async () => {
    whereItWas()
    setClaim('db-1', 'MASTER', 0)
    const start = performance.now()
    let writtenAt = 0
    interceptWith(({ action }) => {
      if (isWrite(action)) writtenAt ||= performance.now()
    })
    expect((await safeHook(MASTER)).exitCode).toBe(0)
    expect(writtenAt - start).toBeGreaterThan(TTL_MS)
    expect(targets()).toEqual(both(eniOf('db-2')))
  }, 30_000)

  test('takes them as soon as that one steps down', async () => {
    setClaim('db-1', 'MASTER', 0)
    atEachPublish((count) => setClaim('db-1', count < 3 ? 'MASTER' : 'BACKUP', count))
    expect((await safeHook(MASTER)).exitCode).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-2')))
  }, 30_000)

  test('ends as soon as a newer event is recorded', async () => {
    setClaim('db-1', 'MASTER', 0)
    let newer: Promise<Run> | undefined
    atEachPublish((count) => {
      setClaim('db-1', 'MASTER', count)
      if (count === 2) newer = safeHook(BACKUP)
    })
    expect((await safeHook(MASTER)).exitCode).toBe(5)
    expect((await newer)?.exitCode).toBe(0)
    expect(writes()).toHaveLength(0)
  }, 30_000)

  test('takes back at once what a lower one has, when keepalived proves that it acts as master', async () => {
    setClaim('db-2', 'MASTER', 0, 150)
    setClaim('db-1', 'MASTER', 0, 100)
    whereItWas()
    atEachPublish((count) => setClaim('db-1', 'MASTER', count, 100))
    expect((await safeHook(PROOF)).exitCode).toBe(0)
    const actions = endpoint.requests.map(({ action }) => action)
    expect(
      actions.slice(0, actions.findIndex(isWrite)).filter((action) => action === 'CreateTags').length,
    ).toBeLessThan(2)
    expect(targets()).toEqual(both(eniOf('db-2')))
  }, 30_000)
})
