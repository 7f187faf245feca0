/** Events that somebody has left where hooks record theirs, and that have not happened. */
import { chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { momentOf, ticksNow } from '../../../src/agent/node/journal.ts'
import { logLines } from '../../support/cli.ts'
import { directory, startEndpointForEachTest } from '../../support/endpoint.ts'
import { BACKUP, both, byIds, eniOf, hook, MASTER, setTarget, targets } from '../../support/node.ts'
import { requires } from '../../support/requires.ts'
import {
  inState,
  makeHooksDirectory,
  runHook,
  SCRIPT_USER,
  startRootDaemon,
  writeStateConfig,
} from '../../support/state-users.ts'

startEndpointForEachTest()

const seen = (check: () => void) => vi.waitFor(check, 10_000)
const elsewhere = () => {
  for (const table of ['private-a', 'private-c']) setTarget(table, { field: 'networkInterfaceId', id: eniOf('db-2') })
}

/** An event of next year. */
function plant(events: string): string {
  const { boot } = momentOf()
  const name = `${boot}_${ticksNow() + 3_000_000_000}_1_BACKUP`
  mkdirSync(events, { recursive: true })
  writeFileSync(join(events, name), '')
  return name
}

test('a MASTER hook alone is superseded by nothing that lies in the future: it removes that, and says so once', async () => {
  const events = join(directory, 'db-2/VI_1.events')
  const name = plant(events)
  const run = await hook('db-2', MASTER, { instance: byIds() })
  expect(run.exitCode).toBe(0)
  expect(targets()).toEqual(both(eniOf('db-2')))
  expect(readdirSync(events)).not.toContain(name)
  expect(logLines(run).filter(({ msg }) => String(msg).includes('ahead of the kernel’s clock'))).toMatchObject([
    { level: 40, msg: expect.stringContaining(name) },
  ])
  const next = await hook('db-2', BACKUP, { instance: byIds() })
  expect(next.stderr).not.toContain('ahead of')
})

test.skipIf(!requires('root'))(
  'neither root’s daemon nor root’s hook is superseded by one of the hooks’ user',
  async () => {
    writeStateConfig()
    makeHooksDirectory()
    elsewhere()
    const events = inState('hooks/VI_1.events')
    const name = plant(events)
    expect(await runHook({ uid: 0, gid: 0 }, MASTER)).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-1')))

    elsewhere()
    const daemon = await startRootDaemon()
    await daemon.line(/"msg":"started"/)
    expect(await runHook({ uid: 0, gid: 0 }, MASTER)).toBe(0)
    await seen(() => expect(targets()).toEqual(both(eniOf('db-1'))))
    await daemon.line(/among the recorded events is .* which lies ahead of the kernel’s clock: ignored/)
    // Whoever may remove it does.
    expect(readdirSync(events)).toEqual([name])
    chownSync(events, SCRIPT_USER.uid, SCRIPT_USER.gid)
    expect(await runHook(SCRIPT_USER, MASTER)).toBe(0)
    expect(readdirSync(events)).not.toContain(name)
  },
)
