/** What the hook asks of EC2 when there is much to move, when a part is refused, and when nothing answers. */
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { poll } from '../../src/lab/poll.ts'
import { requires } from '../support/requires.ts'
import { type Case, first, raise, second } from './case.ts'
import { processesWith } from './leftovers.ts'

const tables = ['private-a', 'private-c', 'private-d']

describe.skipIf(!requires('keepalived'))('a failover', { timeout: 60_000 }, () => {
  it('moves two VIPs in three tables', async () => {
    const lab = await raise({ vips: ['10.99.0.10/32', '10.99.0.11/32'], tables })
    await lab.bothUp()
    await lab.cluster.keepalivedOf(first).kill()
    await lab.arrival(second)
    expect(Object.keys(await lab.owners())).toHaveLength(6)
    expect(await lab.writes(second)).toHaveLength(6)
  })

  it('moves what it may when one table is denied, and says which one', async () => {
    const lab = await raise({ tables, denied: ['private-c'] })
    await lab.bothUp()
    await lab.cluster.keepalivedOf(first).kill()
    await lab.arrival(second, { ...lab.allAt(second), 'private-c 10.99.0.10/32': first.name })
    expect(lab.exits(second)).toContainEqual({ event: 'VI_1 MASTER 100', exitCode: 3, ms: expect.any(Number) })
    const errors = lab.cluster
      .hookOf(second)
      .log()
      .filter(({ level }) => level >= 50)
    expect(errors.map((line) => JSON.stringify(line))).toEqual([
      expect.stringContaining(lab.tableId('private-c')),
      expect.stringContaining('"exitCode":3'),
    ])
  })

  it('ends within keepalived’s second for STOP when EC2 swallows every packet', async () => {
    const lab = await raise()
    await lab.bothUp()
    swallowEc2(lab, second)
    await lab.cluster.keepalivedOf(first).kill()
    const hook = lab.cluster.hookOf(second)
    await poll('the hook is at its writes', 10_000, () => hook.log().find(({ msg }) => msg.startsWith('writing:')))
    await lab.cluster.keepalivedOf(second).stop()
    // A hook over the limit is killed, of which keepalived logs nothing; it has recorded no exit then.
    const stopped = lab.exits(second).find(({ event }) => event === 'VI_1 STOP 100')
    expect(stopped).toMatchObject({ exitCode: 0 })
    expect(stopped?.ms).toBeLessThan(1000)
    // The one for MASTER, still trying, goes with keepalived: it is sent SIGTERM when its parent dies.
    await expect.poll(() => processesWith(lab.directory, 'notify'), { timeout: 5000, interval: 20 }).toEqual([])
    expect(await lab.writes(second)).toEqual([])
    expect(await lab.owners()).toEqual(lab.allAt(first))
  })
})

/** Packets to the EC2 endpoint leave a node and are never answered, as when a zone is lost. */
function swallowEc2({ network }: Case, node: typeof first): void {
  const rules = 'table inet swallow { chain out { type filter hook output priority 0; tcp dport 4599 drop; }; }'
  execFileSync('ip', ['netns', 'exec', network.namespaceOf(node), 'nft', rules])
}
