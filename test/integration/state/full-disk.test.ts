/** A state directory that cannot be written: whatever is decided is decided all the same. */
import { describe, expect, test, vi } from 'vitest'
import { claimKey } from '../../../src/adapters/witness/tag.ts'
import { environmentFor, runProgram } from '../../support/cli.ts'
import { statusOnSocket, tell, tellMaster, writeDaemonConfig } from '../../support/daemon.ts'
import { DISKS, type Disk, logOf, openMounts } from '../../support/disks.ts'
import { endpoint, startEndpointForEachTest } from '../../support/endpoint.ts'
import { BACKUP, both, eniOf, MASTER, STOP, setTarget, targets } from '../../support/node.ts'
import { requires } from '../../support/requires.ts'

startEndpointForEachTest()

const seen = (check: () => void | Promise<void>) => vi.waitFor(check, 15_000)
const disks = Object.keys(DISKS) as Disk[]

/** Which tables are meant is kept. */
const BY_NAMES = 'vips: [10.99.0.10], routeTables: [{ name: private-a }, { name: private-c }]'
const routesAt = (node: string) => {
  for (const table of ['private-a', 'private-c']) setTarget(table, { field: 'networkInterfaceId', id: eniOf(node) })
}
const claimOf = (node: string) => endpoint.region.tags.get(eniOf(node))?.get(claimKey('db', 'VI_1')) ?? ''

describe.skipIf(!requires('overlay'))('where the state directory is', () => {
  describe.each(disks)('%s', (disk) => {
    test('a daemon starts, takes the routes on an edge, and says once that nothing is saved', async () => {
      const mounts = await openMounts()
      await mounts.mount(disk)
      writeDaemonConfig({ interval: '1s' }, BY_NAMES)
      routesAt('db-2')
      const daemon = await mounts.start('reconcile')
      await daemon.line(/"msg":"started"/)
      tellMaster()
      await seen(() => expect(targets()).toEqual(both(eniOf('db-1'))))
      routesAt('db-2')
      await seen(() => expect(targets()).toEqual(both(eniOf('db-1'))))
      const said = logOf(daemon).filter(({ msg }) => String(msg).includes('state cannot be saved'))
      expect(said).toMatchObject([{ level: 50, hint: expect.any(String) }])
      const { details } = await statusOnSocket()
      expect(details).toMatchObject([{ kind: 'state-not-saved', message: expect.stringContaining('cannot be saved') }])
      expect(logOf(daemon).filter(({ msg }) => /could not be read/.test(String(msg)))).toEqual([])
    }, 30_000)

    test('a daemon that runs heals, takes a hook’s event, and saves again when it can', async () => {
      const mounts = await openMounts()
      writeDaemonConfig({ interval: '1s' }, BY_NAMES)
      routesAt('db-2')
      const daemon = await mounts.start('reconcile')
      await daemon.line(/"msg":"started"/)
      tell('BACKUP')
      await seen(async () => expect((await statusOnSocket()).instances[0]?.decision).not.toBeNull())

      await mounts.mount(disk)
      const handed = await mounts.run('notify', ...MASTER)
      expect(handed.exitCode).toBe(0)
      expect(handed.stderr.includes('cannot record the event')).toBe(disk !== 'a full disk')
      await seen(() => expect(targets()).toEqual(both(eniOf('db-1'))))
      // What is kept changes: a route is somebody else's now.
      setTarget('private-c', { field: 'gatewayId', id: 'igw-0f1e2d3c4b5a69788' })
      setTarget('private-a', { field: 'networkInterfaceId', id: eniOf('db-2') })
      await seen(() => expect(targets()['private-a']).toBe(eniOf('db-1')))
      await daemon.line(/state cannot be saved/)
      await mounts.unmount()
      await daemon.line(/state is saved in .* again/)
      expect((await statusOnSocket()).details).toEqual([])
    }, 30_000)

    test('an operator sees it in status, check and metrics', async () => {
      const mounts = await openMounts()
      await mounts.mount(disk)
      const config = writeDaemonConfig({ interval: '1s' }, BY_NAMES)
      const daemon = await mounts.start('reconcile')
      await daemon.line(/"msg":"started"/)
      tellMaster()
      await daemon.line(/all 2 routes are in place/)
      const run = (...words: string[]) => runProgram([...words, '--config', config], environmentFor(endpoint))
      expect((await run('status')).stdout.replaceAll(/\s+/g, ' ')).toContain('state cannot be saved')
      expect(await run('check')).toMatchObject({
        exitCode: 1,
        stdout: expect.stringContaining('state cannot be saved'),
      })
      expect((await run('metrics', '--format', 'prometheus')).stdout).toMatch(
        /^vip_switch_detail\{.*detail="state-not-saved"\} 1$/m,
      )
    }, 30_000)

    test('a hook alone takes the routes, and says that it is not recorded', async () => {
      const mounts = await openMounts()
      await mounts.mount(disk)
      writeDaemonConfig({}, BY_NAMES)
      routesAt('db-2')
      const run = await mounts.run('notify', ...MASTER)
      expect(run.exitCode).toBe(0)
      expect(targets()).toEqual(both(eniOf('db-1')))
      expect(run.stderr.split('\n').filter((line) => line.includes('cannot record the event'))).toHaveLength(
        disk === 'a full disk' ? 0 : 1,
      )
      expect(claimOf('db-1')).toMatch(/^MASTER /)
    }, 30_000)

    test.each([
      ['BACKUP', BACKUP],
      ['STOP', STOP],
    ])(
      'a hook alone publishes what it is told: %s',
      async (state, event) => {
        const mounts = await openMounts()
        await mounts.mount(disk)
        writeDaemonConfig({}, BY_NAMES)
        const run = await mounts.run('notify', ...event)
        expect(claimOf('db-1')).toMatch(new RegExp(`^${state} `))
        // What is not recorded cannot stop an older hook that is still at work.
        expect(run.exitCode).toBe(disk === 'a full disk' ? 0 : 1)
      },
      30_000,
    )
  })
})
