/** User hooks of the real daemon, against the endpoint; keepalived is played by who writes to its FIFO. */
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { createDaemon, inDirectory, statusOnSocket, tell, writeDaemonConfig } from '../../../support/daemon.ts'
import { interceptWith, isWrite, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { isRunning } from '../../../support/fixtures.ts'
import { both, byIds, eniOf, setTarget, TABLES, targets } from '../../../support/node.ts'

startEndpointForEachTest()

const seen = (check: () => void | Promise<void>) => vi.waitFor(check, 10_000)

const ranPath = () => inDirectory('ran')
/** What the hooks have written, line by line; `say WORD` writes. */
const ran = () => (existsSync(ranPath()) ? readFileSync(ranPath(), 'utf8').split('\n').filter(Boolean) : [])

/** db-1's daemon, whose hooks are these scripts. */
async function daemonWith(hooks: Readonly<Record<string, string | { script: string; timeout: string }>>) {
  const say = `say() { echo "$*" >>${ranPath()}; }; `
  const each = Object.entries(hooks).map(([event, hook]) => {
    const { script, timeout } = typeof hook === 'string' ? { script: hook, timeout: '30s' } : hook
    return [event, { run: ['/bin/sh', '-c', say + script], timeout }]
  })
  const configPath = writeDaemonConfig({}, `${byIds()}, hooks: ${JSON.stringify(Object.fromEntries(each))}`)
  const said: Record<string, unknown>[] = []
  const daemon = createDaemon(configPath, pino({}, { write: (line: string) => said.push(JSON.parse(line)) }))
  await daemon.start()
  return { daemon, said, counters: async () => (await statusOnSocket()).instances[0]?.counters }
}

test('a route waits for no hook: not for the one of its own transition, nor for one that does not want to end', async () => {
  interceptWith(async ({ action }) => {
    if (!isWrite(action)) return
    await sleep(200)
    expect(ran()).not.toContain('master')
  })
  setTarget('private-a', { field: 'networkInterfaceId', id: eniOf('db-2') })
  setTarget('private-c', { field: 'networkInterfaceId', id: eniOf('db-2') })
  await daemonWith({ backup: `trap '' TERM; say backup; while :; do sleep 1; done`, master: 'say master' })
  tell('BACKUP')
  await seen(() => expect(ran()).toEqual(['backup']))

  tell('MASTER')
  const heardAt = Date.now()
  await seen(() => expect(targets()).toEqual(both(eniOf('db-1'))))
  expect(writes().map(({ status }) => status)).toEqual([200, 200])
  for (const { at } of writes()) expect(at - heardAt).toBeLessThan(800)
  await seen(() => expect(ran()).toEqual(['backup', 'master']))
})

test('a newer transition ends a hook with its children’s children', async () => {
  const node = await daemonWith({
    master: `say $$; sh -c 'echo $$ >>${ranPath()}; sleep 60 & echo $! >>${ranPath()}; wait' & wait`,
    backup: 'say backup',
  })
  tell('MASTER')
  await seen(() => expect(ran()).toHaveLength(3))
  const ids = ran()
  expect(ids.map(isRunning)).toEqual([true, true, true])
  tell('BACKUP')
  await seen(() => expect(ran().slice(3)).toEqual(['backup']))
  await seen(() => expect(ids.map(isRunning)).toEqual([false, false, false]))
  await seen(async () => expect(await node.counters()).toMatchObject({ hooksDone: 1, hooksEnded: 1 }))
})

test('owner waits for routes that are read back, while the reads are stale', async () => {
  let stale = 2
  interceptWith(({ action }) => {
    if (action !== 'DescribeRouteTables' || writes().length === 0 || stale === 0) return
    stale -= 1
    const now = targets()
    for (const table of TABLES) setTarget(table, { field: 'networkInterfaceId', id: eniOf('db-2') })
    setImmediate(() => {
      for (const table of TABLES) setTarget(table, { field: 'networkInterfaceId', id: now[table] ?? '' })
    })
  })
  await daemonWith({ master: 'say master', owner: 'say owner of $VIP_SWITCH_ROUTE_TABLES' })
  tell('MASTER')
  await seen(() => expect(ran()).toEqual(['master']))
  await seen(() => expect(stale).toBe(0))
  expect(ran()).toEqual(['master'])
  await seen(() => expect(ran()).toHaveLength(2))
  expect(ran()[1]).toMatch(/^owner of rtb-\w+ rtb-\w+$/)
  expect(targets()).toEqual(both(eniOf('db-1')))
})

test('one that fails and one that is late are logged and counted', async () => {
  const node = await daemonWith({
    master: 'echo no such cluster; exit 3',
    fault: { script: 'sleep 60', timeout: '100ms' },
  })
  tell('MASTER')
  await seen(async () => expect(await node.counters()).toMatchObject({ hooksFailed: 1 }))
  tell('FAULT')
  await seen(async () => expect(await node.counters()).toMatchObject({ hooksFailed: 2, hooksDone: 0 }))
  const failures = node.said.filter(({ hook, level }) => hook !== undefined && level === 50)
  expect(failures).toMatchObject([
    {
      msg: 'VI_1, hook master: exit code 3',
      hook: 'master',
      outcome: 'failed',
      exitCode: 3,
      output: 'no such cluster',
    },
    { msg: 'VI_1, hook fault: not done within 0.1 s', hook: 'fault', outcome: 'timeout', ms: expect.any(Number) },
  ])
})

test('a reload neither ends a hook nor forgets one; the daemon’s end ends it', async () => {
  const node = await daemonWith({ master: 'say master $$; sleep 5; say not ended', owner: 'say owner $$; sleep 60' })
  tell('MASTER')
  await seen(() => expect(ran()).toHaveLength(1))
  await node.daemon.reload()
  tell('MASTER')
  await seen(() => expect(ran()).toHaveLength(3))
  const [, , owner = ''] = ran()
  expect(ran()[1]).toBe('not ended')
  expect(owner).toMatch(/^owner \d+$/)
  await node.daemon.stop()
  expect(isRunning(owner.replace(/\D+/, ''))).toBe(false)
  expect(node.said.at(-1)).toMatchObject({ msg: 'VI_1, hook owner: ended, the daemon stops', outcome: 'ended' })
})
