/**
 * The backup hears the master no more, and the master, which hears the backup, has no daemon: only its hook takes the
 * routes back, and tells by its claim that it lives.
 */
import { describe, expect, it } from 'vitest'
import { poll } from '../../src/lab/poll.ts'
import { VRRP_INSTANCE } from '../../src/lab/scene.ts'
import { requires } from '../support/requires.ts'
import { type Case, first, raise, second } from './case.ts'
import { DEADLINE_MS, raiseWithDaemons } from './daemon-case.ts'
import { deafen } from './faults.ts'
import { happened, historyOf } from './history-case.ts'

const TABLES = 2

/** keepalived's default; the master's hook is called once for each advert that it hears. */
const advertInterval = 1

/**
 * The backup's edge writes each table before it asks, and the master's hook takes each back. What the backup looks at
 * before that hook's claim is there is taken, and taken back, a second time, and not a third.
 */
const MOST_WRITES = 2 * TABLES

describe.skipIf(!requires('keepalived'))('in a one-way split, a hook without a daemon', { timeout: 60_000 }, () => {
  it('has the routes back from the other node’s daemon, which sees its claim and leaves them to it', async () => {
    const lab = await raiseWithDaemons({ withHook: true, advertInterval })
    await lab.bothDaemonsUp()
    await lab.cluster.daemonOf(first).kill()
    const began = Date.now()
    const hears = deafen(lab.network, second)
    const stolen = await lab.firstWrite(second, began)
    await lab.says(second, { state: 'MASTER', condition: 'SPLIT-BRAIN', action: 'yield' })
    const back = await lab.restored(first, stolen)
    lab.tell('routes stolen → taken back for good', back - stolen)
    // For as long as claims count that show no life: hook after hook renews its own.
    await lab.says(second, ({ reason = '' }) => /security groups let IP protocol 112/.test(reason))
    expect(await lab.owners()).toEqual(lab.allAt(first))
    await countWrites(lab, began)
    expect(await lab.routeWrites(back + 1)).toEqual([])

    const healed = Date.now()
    hears()
    await lab.says(second, { state: 'BACKUP' })
    await lab.arrival(first)
    expect(await lab.routeWrites(healed)).toEqual([])
    // The hook has told what it did, and why.
    const story = (await historyOf(lab, first, began)).filter(({ by }) => by === 'hook')
    expect(happened(story)).toContain('a lower master')
    const taken = story.find(({ kind }) => kind === 'writes')
    expect(taken).toMatchObject({ accepted: TABLES, since: 'decision' })
    const reasons = story.filter(({ condition }) => condition === 'SPLIT-BRAIN').map(({ reason }) => reason)
    expect(reasons).toContainEqual(expect.stringContaining('we are MASTER 150: split brain, which we win'))
  })

  it('has them back from the other node’s hook, which has no daemon either', async () => {
    const lab = await raise({ advertInterval })
    await lab.bothUp()
    const began = Date.now()
    const hears = deafen(lab.network, second)
    const ended = await poll('the hook of the backup ends', DEADLINE_MS, () =>
      lab.exits(second).find(({ event }) => event === `${VRRP_INSTANCE} MASTER ${second.priority}`),
    )
    expect(ended.exitCode).toBe(4)
    await expect.poll(lab.owners, { timeout: DEADLINE_MS }).toEqual(lab.allAt(first))
    hears()
    await lab.arrival(first)
    await countWrites(lab, began)
  })
})

async function countWrites(lab: Case, since: number): Promise<void> {
  for (const node of [first, second]) {
    const writes = (await lab.writes(node)).filter(({ at }) => at >= since)
    process.stdout.write(`  ${expect.getState().currentTestName}: ${node.name} wrote ${writes.length} times\n`)
    expect(writes.length).toBeGreaterThanOrEqual(TABLES)
    expect(writes.length).toBeLessThanOrEqual(MOST_WRITES)
  }
}
