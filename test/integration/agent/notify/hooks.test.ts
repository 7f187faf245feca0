/** User hooks where no daemon runs: the processes that keepalived forks run them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { environmentFor, logLines, PROGRAM, runProgram } from '../../../support/cli.ts'
import { createDaemon, statusOnSocket, writeDaemonConfig } from '../../../support/daemon.ts'
import {
  directory,
  endpoint,
  interceptWith,
  isWrite,
  startEndpointForEachTest,
  writes,
} from '../../../support/endpoint.ts'
import { gate, isRunning } from '../../../support/fixtures.ts'
import { BACKUP, both, byIds, eniOf, hook, idOf, MASTER, STOP, setTarget, targets } from '../../../support/node.ts'

startEndpointForEachTest()

const PROOF = ['INSTANCE', 'VI_1', 'MASTER_RX_LOWER_PRI']
const seen = (check: () => void | Promise<void>) => vi.waitFor(check, 10_000)
const ranPath = () => join(directory, 'ran')
/** What the hooks have written, line by line; `say WORD` writes. */
const ran = () => (existsSync(ranPath()) ? readFileSync(ranPath(), 'utf8').split('\n').filter(Boolean) : [])

/** An instance of the config whose hooks are these scripts. */
function withHooks(scripts: Readonly<Record<string, string>>): string {
  const say = `say() { echo "$*" >>${ranPath()}; }; `
  const each = Object.entries(scripts).map(([event, script]) => [event, { run: ['/bin/sh', '-c', say + script] }])
  return `${byIds()}, hooks: ${JSON.stringify(Object.fromEntries(each))}`
}

describe('a hook of keepalived’s without a daemon', () => {
  test('runs the user’s when EC2 has answered the writes, and owner when they are read back', async () => {
    const told = 'say $VIP_SWITCH_EVENT $VIP_SWITCH_PREVIOUS_STATE $VIP_SWITCH_PRIORITY $VIP_SWITCH_OWNER'
    const instance = withHooks({ master: told, owner: told, backup: 'say backup' })
    const { opened, open } = gate()
    interceptWith(async ({ action }) => {
      if (isWrite(action)) await opened
    })
    await hook('db-1', BACKUP, { instance })
    const master = hook('db-1', MASTER, { instance })
    await seen(() => expect(writes()).toHaveLength(2))
    expect(ran()).toEqual(['backup'])
    open()
    await seen(() => expect(ran()).toEqual(['backup', 'master BACKUP 150']))
    const run = await master
    expect(run.exitCode).toBe(0)
    expect(ran()).toEqual(['backup', 'master BACKUP 150', `owner BACKUP 150 ${eniOf('db-1')}`])
    expect(logLines(run).map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['routes confirmed', 'VI_1, hook master: done', 'VI_1, hook owner: done']),
    )
  })

  test('runs no owner where a route is denied', async () => {
    endpoint.region.deny.push({ action: 'ReplaceRoute', resource: idOf('private-c', 'rtb-') })
    setTarget('private-c', { field: 'networkInterfaceId', id: eniOf('db-2') })
    const run = await hook('db-1', MASTER, { instance: withHooks({ master: 'say master', owner: 'say owner' }) })
    expect(run.exitCode).toBe(3)
    expect(ran()).toEqual(['master'])
  })

  test('does not wait for EC2 with those of the other states', async () => {
    const { opened, open } = gate()
    interceptWith(() => opened)
    const backup = hook('db-1', BACKUP, { instance: withHooks({ backup: 'say backup' }) })
    await seen(() => expect(ran()).toEqual(['backup']))
    open()
    await backup
  })

  test('ends them, with their children, when a newer event comes, and only then runs its own', async () => {
    const instance = withHooks({
      owner: `trap 'sleep 0.2; say owner ends; exit' TERM; say $$; sh -c 'echo $$ >>${ranPath()}; sleep 60 & echo $! >>${ranPath()}; wait' & wait`,
      backup: 'say backup',
    })
    const master = hook('db-1', MASTER, { instance })
    await seen(() => expect(ran()).toHaveLength(3))
    const ids = ran()
    expect(ids.map(isRunning)).toEqual([true, true, true])
    await hook('db-1', BACKUP, { instance })
    expect(ran().slice(3)).toEqual(['owner ends', 'backup'])
    await seen(() => expect(ids.map(isRunning)).toEqual([false, false, false]))
    const ended = logLines(await master).find(({ outcome }) => outcome === 'ended')
    expect(ended?.msg).toBe('VI_1, hook owner: ended, VI_1 MASTER 150 is superseded by a newer event, BACKUP')
  })

  test('may be killed, as keepalived does after STOP: the user’s goes on, until the next event', async () => {
    const instance = withHooks({ stop: 'say $$; sleep 60', backup: 'say backup' })
    const config = writeDaemonConfig({}, instance)
    const values = ['notify', '--config', config, '--state-dir', directory, ...STOP]
    const stop = execa(PROGRAM, values, { env: environmentFor(endpoint), extendEnv: false, reject: false })
    await seen(() => expect(existsSync(join(directory, 'VI_1.hook'))).toBe(true))
    await seen(() => expect(ran()).toHaveLength(1))
    const [id = ''] = ran()
    stop.kill('SIGTERM')
    await stop
    expect(isRunning(id)).toBe(true)
    await runProgram(['notify', '--config', config, '--state-dir', directory, ...BACKUP], environmentFor(endpoint))
    expect(ran()).toEqual([id, 'backup'])
    await seen(() => expect(isRunning(id)).toBe(false))
  })

  test('takes the routes back on a proof of a lower master while a user’s hook of MASTER still runs, and leaves that alone', async () => {
    const instance = withHooks({ master: 'say master $$; sleep 60', owner: 'say owner' })
    const master = hook('db-1', MASTER, { instance })
    await seen(() => expect(endpoint.requests.filter(({ action }) => action === 'DescribeRouteTables')).toHaveLength(3))
    const [id = ''] = ran().map((line) => line.split(' ')[1])
    setTarget('private-a', { field: 'networkInterfaceId', id: eniOf('db-2') })
    await seen(async () => {
      await hook('db-1', PROOF, { instance })
      expect(targets()).toEqual(both(eniOf('db-1')))
    })
    expect(isRunning(id)).toBe(true)
    expect(ran()).toEqual([`master ${id}`])
    await hook('db-1', BACKUP, { instance })
    expect((await master).exitCode).toBe(0)
    expect(isRunning(id)).toBe(false)
  })
})

test('a daemon that takes the event runs its hook, and ends what was left before', async () => {
  const instance = withHooks({ master: 'say master $$; sleep 60', backup: 'say backup' })
  const config = writeDaemonConfig({}, instance)
  const notify = (event: readonly string[]) =>
    runProgram(['notify', '--config', config, '--state-dir', directory, ...event], environmentFor(endpoint))
  const master = notify(MASTER)
  await seen(() => expect(ran()).toHaveLength(1))
  const [id = ''] = ran().map((line) => line.split(' ')[1])
  const daemon = createDaemon(config)
  await daemon.start()
  expect(isRunning(id)).toBe(true)
  await notify(BACKUP)
  await seen(() => expect(ran()).toEqual([`master ${id}`, 'backup']))
  await seen(async () => expect((await statusOnSocket()).instances[0]?.counters).toMatchObject({ hooksDone: 1 }))
  await master
  expect(isRunning(id)).toBe(false)
  onTestFinished(() => daemon.stop())
})
