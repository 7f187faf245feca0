import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { environmentFor, runProgram } from '../../../support/cli.ts'
import { directory, endpoint, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { both, eniOf, setTarget, TABLES, targets } from '../../../support/node.ts'

startEndpointForEachTest()

const CLAIM = 'vip-switch:db:VI_1'
const PIN = 'vip-switch-pin:db:VI_1'

async function run(...values: string[]) {
  const config = join(directory, 'config.yaml')
  const tables = '[{ name: private-a }, { name: private-c }]'
  await writeFile(
    config,
    `{ cluster: db, eni: ${eniOf('db-1')}, instances: { VI_1: { vips: [10.99.0.10], routeTables: ${tables} } } }`,
  )
  return runProgram([...values, '--config', config], environmentFor(endpoint))
}

function tag(node: string, key: string, value: string): void {
  const tags = endpoint.region.tags.get(eniOf(node)) ?? new Map<string, string>()
  endpoint.region.tags.set(eniOf(node), tags.set(key, value))
}

const pinOf = (node: string) => endpoint.region.tags.get(eniOf(node))?.get(PIN)

describe('pin', () => {
  test('marks the interface, until an end by EC2’s clock, and moves the routes', async () => {
    const { exitCode, stderr } = await run('pin', 'VI_1', '--to', 'db-2', '--for', '30m', '-f')
    expect(exitCode).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-2')))
    const [, since = '', until = ''] = /^since=(\S+) until=(\S+)$/.exec(pinOf('db-2') ?? '') ?? []
    expect(Date.parse(until) - Date.parse(since)).toBe(30 * 60_000)
    const shown = until.replace('T', ' ').replace(/\.\d+/, '')
    expect(stderr).toBe(`VI_1 is pinned to db-2 (${eniOf('db-2')}) until ${shown}, for 30 min`)
  })

  test('is written before the routes are, so that no daemon takes them back', async () => {
    await run('pin', 'VI_1', '--to', 'db-2', '--for', '30m', '-f')
    const actions = endpoint.requests.map(({ action }) => action)
    expect(actions.indexOf('CreateTags')).toBeLessThan(actions.indexOf('ReplaceRoute'))
  })

  test('takes an older pin away', async () => {
    await run('pin', 'VI_1', '--to', 'db-2', '--for', '30m', '-f')
    await run('pin', 'VI_1', '--to', 'db-1', '--for', '10m', '-f')
    expect(pinOf('db-2')).toBeUndefined()
    expect(pinOf('db-1')).toMatch(/^since=/)
    expect(targets()).toEqual(both(eniOf('db-1')))
  })

  test('that cannot be written moves nothing', async () => {
    endpoint.region.deny.push({ action: 'CreateTags' })
    const { exitCode, stderr } = await run('pin', 'VI_1', '--to', 'db-2', '--for', '30m', '-f')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('CreateTags')
    expect(writes()).toEqual([])
  })

  test('is gone after unpin, which says what carried one', async () => {
    await run('pin', 'VI_1', '--to', 'db-2', '--for', '30m', '-f')
    expect((await run('unpin', 'VI_1')).stdout).toBe(`VI_1 is no longer pinned to db-2 (${eniOf('db-2')})`)
    expect(pinOf('db-2')).toBeUndefined()
    expect((await run('unpin', 'VI_1')).stdout).toContain('was not pinned')
    const { stdout } = await run('unpin', 'VI_1', '--json')
    expect(JSON.parse(stdout)).toEqual({ version: 1, instance: 'VI_1', unpinned: [] })
  })
})

describe('a switch to a node that VRRP does not mean', () => {
  const master = 'MASTER prio=150 addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03.120Z'

  const takenBack = (why: string) =>
    [
      `vip-switch: warning: db-1's daemon takes the routes back within 5 s: ${why}`,
      '  → to keep them at db-2: vip-switch pin VI_1 --to db-2 --for 30m',
    ].join('\n')

  test('says afterwards that they will be taken back, by whom and how soon, and how to keep them', async () => {
    tag('db-1', CLAIM, master)
    const { stderr, stdout, exitCode } = await run('switch', 'VI_1', '--to', 'db-2', '-f')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/2 done$/)
    expect(stderr).toBe(takenBack('VRRP elected it'))
  })

  test('says so with flags instead of the instance, too', async () => {
    tag('db-1', CLAIM, master)
    const { stderr } = await run('switch', '-r', 'private-a', '-v', '10.99.0.10', '--to', 'db-2', '-f')
    expect(stderr).toBe(takenBack('VRRP elected it'))
    const other = await run('switch', '-r', 'private-a', '-v', '10.99.0.11', '--to', 'db-2', '-f')
    expect(other.stderr).not.toContain('takes the routes back')
  })

  test('says so of a pin to another node', async () => {
    await run('pin', 'VI_1', '--to', 'db-1', '--for', '1h', '-f')
    const { stderr } = await run('switch', 'VI_1', '--to', 'db-2', '-f')
    expect(stderr).toBe(takenBack('the routes are pinned to it'))
  })

  test('says nothing of it to the node that VRRP means, for a dry run, nor where a tag is no claim, which is said', async () => {
    tag('db-1', CLAIM, master)
    expect((await run('switch', 'VI_1', '--to', 'db-1', '-f')).stderr).toBe('')
    expect((await run('switch', 'VI_1', '--to', 'db-2', '--dry-run')).stderr).toBe('')
    tag('db-1', CLAIM, 'MASTER prio=high')
    const { stderr } = await run('switch', 'VI_1', '--to', 'db-2', '-f')
    expect(stderr).toMatch(/^vip-switch: warning: .*is invalid: its prio is "high".*$/)
  })

  test('names nodes and tables beside their ids', async () => {
    tag('db-1', CLAIM, master)
    endpoint.region.deny.push({ action: 'ReplaceRoute' })
    const { stdout } = await run('switch', 'VI_1', '--to', 'db-2', '-f')
    expect(stdout).toMatch(/failed: ReplaceRoute 10\.99\.0\.10\/32 in rtb-\w+ private-a to db-2 \(eni-\w+\): /)
  })

  test('with --pin keeps it there', async () => {
    tag('db-1', CLAIM, master)
    const { stderr } = await run('switch', 'VI_1', '--to', 'db-2', '-f', '--pin', '1h')
    expect(stderr).not.toContain('taken back')
    expect(pinOf('db-2')).toMatch(/^since=/)
  })
})

test('a hook without a daemon honours the pin that was seen last, and looks whether it still counts', async () => {
  const state = join(directory, 'state')
  const master = ['INSTANCE', 'VI_1', 'MASTER', '150']
  const instant = (ms: number) => new Date(Date.now() + ms).toISOString()
  for (const table of TABLES) setTarget(table, { field: 'networkInterfaceId', id: eniOf('db-2') })
  tag('db-2', PIN, `since=${instant(0)} until=${instant(60_000)}`)
  await run('notify', '--state-dir', state, 'INSTANCE', 'VI_1', 'BACKUP', '150')
  const pinned = await run('notify', '--state-dir', state, ...master)
  expect(pinned.exitCode).toBe(4)
  expect(pinned.stderr).toContain(`the routes are pinned to ${eniOf('db-2')}`)
  expect(writes()).toEqual([])

  endpoint.region.tags.get(eniOf('db-2'))?.delete(PIN)
  expect((await run('notify', '--state-dir', state, ...master)).exitCode).toBe(0)
  expect(targets()).toEqual(both(eniOf('db-1')))
})
