/** The daemon under the real keepalived, when packets are lost: of VRRP in one direction or both, or to EC2. */
import { describe, expect, it } from 'vitest'
import { poll } from '../../src/lab/poll.ts'
import { VRRP_INSTANCE } from '../../src/lab/scene.ts'
import { requires } from '../support/requires.ts'
import { first, second } from './case.ts'
import { type DaemonCase, DEADLINE_MS, raiseWithDaemons } from './daemon-case.ts'
import { deafen, type End, swallowEc2 } from './faults.ts'
import { happened, historyOf, tellHistory } from './history-case.ts'

/** The default: nothing that happens much sooner is a tick's doing. */
const INTERVAL_MS = 5000
const BLIP_MS = 2000
/** How much later a node may learn of a split brain than its last write was. */
const LATE_MS = 5000

describe.skipIf(!requires('keepalived'))('when VRRP is lost', { timeout: 90_000 }, () => {
  it('for two seconds in one direction, the master hears the backup act, and has the routes back', async () => {
    const lab = await raiseWithDaemons({ interval: '5s' })
    await lab.bothDaemonsUp()
    const began = Date.now()
    const { stolen, ended } = await blip(lab, [deafen(lab.network, second)])
    const healed = await lab.restored(first, stolen)
    lab.tell('routes stolen → healed', healed - stolen)
    lab.tell('adverts heard again → healed', Math.max(0, healed - ended))
    await settled(lab)
    expect(healed - stolen).toBeLessThan(1000)
    // The master has heard of the other, has found who it is, and has taken the routes back from it.
    const story = await historyOf(lab, first, began)
    expect(happened(story)).toEqual(expect.arrayContaining(['a lower master', 'SPLIT-BRAIN', 'OK']))
    const heals = story.filter(({ kind }) => kind === 'writes')
    expect(heals.reduce((sum, { accepted }) => sum + Number(accepted), 0)).toBeGreaterThanOrEqual(2)
    for (const heal of heals)
      expect(heal).toMatchObject({ failed: 0, since: 'decision', takenFrom: [expect.stringMatching(/^eni-/)] })
    expect(await tellHistory(lab, first)).toMatch(/ healed .* routes? accepted in .*; taken back from db-2$/m)
    const others = happened(await historyOf(lab, second, began))
    expect(others.slice(0, 3)).toEqual(['BACKUP → MASTER, fifo', 'SWITCHING', '2 written after the event'])
    expect(others).toContain('MASTER → BACKUP, fifo')
  })

  it('for two seconds in both directions, the master finds out by its next tick', async () => {
    const lab = await raiseWithDaemons({ interval: '5s' })
    await lab.bothDaemonsUp()
    const { stolen, ended } = await blip(lab, [deafen(lab.network, first), deafen(lab.network, second)])
    const healed = await lab.restored(first, stolen)
    lab.tell('routes stolen → healed', healed - stolen)
    lab.tell('adverts heard again → healed', Math.max(0, healed - ended))
    await settled(lab)
    expect(healed - stolen).toBeLessThan(INTERVAL_MS + 1000)
  })

  it('for good, one of two masters has the routes, nobody writes, and the likely cause is named', async () => {
    const lab = await raiseWithDaemons()
    await lab.bothDaemonsUp()
    const began = Date.now()
    const ends = [deafen(lab.network, first), deafen(lab.network, second)]
    const stolen = await lab.firstWrite(second, began)
    await lab.says(second, { state: 'MASTER', condition: 'SPLIT-BRAIN', action: 'yield' })
    await lab.says(first, { state: 'MASTER', condition: 'SPLIT-BRAIN', action: 'none' })
    const converged = (await lab.routeWrites(0)).at(-1)?.at ?? 0
    lab.tell('two masters → the last write of a route', converged - stolen)
    for (const node of [first, second]) {
      await lab.says(node, ({ reason = '' }) => /security groups let IP protocol 112/.test(reason))
    }
    lab.tell('two masters → their cause named by both', Date.now() - stolen)
    expect(await lab.owners()).toEqual(lab.allAt(first))
    expect(await lab.routeWrites(converged + 1)).toEqual([])

    const healed = Date.now()
    for (const end of ends) end()
    await lab.says(second, { state: 'BACKUP', condition: 'OK' })
    await settled(lab)
    expect(await lab.routeWrites(healed)).toEqual([])
    expect(await lab.owners()).toEqual(lab.allAt(first))
    for (const node of [first, second]) {
      const story = await historyOf(lab, node, began)
      const split = story.find(({ condition }) => condition === 'SPLIT-BRAIN')
      // From the first look at both claims until the other has stepped down.
      expect(split).toMatchObject({ isOver: true, lastedMs: expect.any(Number) })
      expect(Number(split?.lastedMs)).toBeGreaterThan(healed - converged - LATE_MS)
      expect(story.at(-1)).toMatchObject({ kind: 'decision', condition: 'OK' })
      expect(story.some(({ reason }) => /security groups let IP protocol 112/.test(`${reason}`))).toBe(true)
    }
    expect(happened(await historyOf(lab, second, began))).toEqual(
      expect.arrayContaining(['BACKUP → MASTER, fifo', '2 written after the event', 'MASTER → BACKUP, fifo']),
    )
  })
})

describe.skipIf(!requires('keepalived'))('when a node does not reach EC2', { timeout: 90_000 }, () => {
  it('and becomes the master, it takes the routes as soon as it does', async () => {
    const lab = await raiseWithDaemons()
    await lab.bothDaemonsUp()
    const reached = swallowEc2(lab.network, second)
    const killed = Date.now()
    await lab.cluster.keepalivedOf(first).kill()
    await lab.says(second, { state: 'MASTER' })
    await lab.says(second, { condition: 'UNKNOWN' })
    expect(await lab.routeWrites(killed)).toEqual([])
    const ended = Date.now()
    reached()
    lab.tell('EC2 within reach → routes at the master', (await lab.restored(second, ended)) - ended)
    await lab.says(second, { state: 'MASTER', condition: 'OK' })
  })

  it('and is master no more, it writes nothing when it does', async () => {
    const lab = await raiseWithDaemons()
    await lab.bothDaemonsUp()
    const reached = swallowEc2(lab.network, first)
    await lab.cluster.keepalivedOf(first).kill()
    await lab.restored(second, Date.now())
    // It comes back as the master, cannot write, and is lost again.
    await lab.cluster.start(first)
    await lab.says(first, { state: 'MASTER' })
    await lab.says(second, { state: 'BACKUP' })
    const lost = Date.now()
    await lab.cluster.keepalivedOf(first).kill()
    await lab.says(first, { state: 'STOP' })
    await lab.says(second, { state: 'MASTER' })
    reached()
    await lab.says(first, { condition: 'OK' })
    await lab.says(second, { state: 'MASTER', condition: 'OK' })
    expect((await lab.writes(first)).filter(({ at }) => at >= lost)).toEqual([])
    expect(await lab.owners()).toEqual(lab.allAt(second))
  })
})

/** Waits until the backup has taken the routes, and for the rest of the time. */
async function blip(lab: DaemonCase, ends: readonly End[]): Promise<{ stolen: number; ended: number }> {
  const began = Date.now()
  const stolen = await lab.firstWrite(second, began)
  await poll('the end of the blip', DEADLINE_MS, () => Date.now() >= began + BLIP_MS || undefined)
  const ended = Date.now()
  for (const end of ends) end()
  await lab.says(second, { state: 'BACKUP' })
  return { stolen, ended }
}

/** Waits until all is well; and the first has never been anything but MASTER. */
async function settled(lab: DaemonCase): Promise<void> {
  await lab.says(first, { state: 'MASTER', condition: 'OK' })
  await lab.says(second, { state: 'BACKUP' })
  const { lines } = lab.cluster.keepalivedOf(first).log
  expect(lines.filter(({ text }) => text.includes(`(${VRRP_INSTANCE}) Entering MASTER STATE`))).toHaveLength(1)
}
