/** The daemon under the real keepalived, when processes come and go. */
import { describe, expect, it } from 'vitest'
import { poll } from '../../src/lab/poll.ts'
import { requires } from '../support/requires.ts'
import { first, second } from './case.ts'
import { DEADLINE_MS, raiseWithDaemons } from './daemon-case.ts'
import { deafen } from './faults.ts'
import { happened, historyOf } from './history-case.ts'

const IDLE_READS = 10

describe.skipIf(!requires('keepalived'))('the daemons', { timeout: 60_000 }, () => {
  it('bring the routes to the master at a cold start, and then change nothing', async () => {
    const lab = await raiseWithDaemons({ at: second })
    await lab.bothDaemonsUp('daemons first')
    expect(await lab.routeWrites(0)).toHaveLength(2)

    const since = Date.now()
    const reads = async () =>
      (await lab.cluster.control.requests()).filter(({ action, at }) => at >= since && action.startsWith('Describe'))
    await poll(
      'idle intervals go by',
      2 * DEADLINE_MS,
      async () => (await reads()).length >= 2 * IDLE_READS || undefined,
    )
    expect(await lab.changes(since)).toEqual([])
    // The master reads twice an interval; a backup every sixth. One interval may have begun before.
    const intervals = (Date.now() - since) / 1000 + 1
    expect((await reads()).length).toBeLessThanOrEqual(2 * (intervals + intervals / 6 + 1))
  })

  it('give the routes up with a keepalived that is killed, and take them back with it', async () => {
    const lab = await raiseWithDaemons()
    await lab.bothDaemonsUp()
    const killed = Date.now()
    await lab.cluster.keepalivedOf(first).kill()
    lab.tell('SIGKILL of keepalived → routes at the other', (await lab.restored(second, killed)) - killed)
    await lab.says(first, { state: 'STOP', action: 'none' })
    await lab.says(second, { state: 'MASTER', condition: 'OK' })
    expect((await lab.writes(first)).filter(({ at }) => at >= killed)).toEqual([])
    await lab.says(second, { condition: 'OK' })
    expect(happened(await historyOf(lab, first, killed))).toEqual(['MASTER → STOP, gone', 'NO-MASTER'])
    expect(happened(await historyOf(lab, second, killed))).toEqual([
      ...['BACKUP → MASTER, fifo', 'SWITCHING', '2 written after the event', '2 confirmed', 'OK'],
    ])

    const started = Date.now()
    await lab.cluster.start(first)
    await lab.restored(first, started)
    await lab.says(first, { state: 'MASTER', condition: 'OK' })
    await lab.says(second, { state: 'BACKUP' })
    expect(await lab.routeWrites(started)).toHaveLength(2)
  })

  it('leave a master whose daemon is dead to its hook', async () => {
    const lab = await raiseWithDaemons({ withHook: true })
    await lab.bothDaemonsUp()
    await lab.cluster.daemonOf(first).kill()
    const hears = deafen(lab.network, second)
    const stolen = await lab.firstWrite(second, Date.now())
    lab.tell('the backup takes the routes → its hook has them back', (await lab.restored(first, stolen)) - stolen)
    hears()
    await lab.says(second, { state: 'BACKUP' })
    await lab.arrival(first)
  })

  it('take the routes from a node whose keepalived and daemon are both killed, whatever it claimed last', async () => {
    const lab = await raiseWithDaemons()
    await lab.bothDaemonsUp()
    const killed = Date.now()
    await Promise.all([lab.cluster.daemonOf(first).kill(), lab.cluster.keepalivedOf(first).kill()])
    lab.tell('SIGKILL of both → routes at the other', (await lab.restored(second, killed)) - killed)
    await lab.says(second, ({ reason = '' }) => reason.includes('is not known to be alive or dead yet'))
    await lab.says(second, { state: 'MASTER', condition: 'OK' })
    expect(await lab.routeWrites(killed)).toHaveLength(2)

    const restarted = Date.now()
    await Promise.all([lab.cluster.start(first), lab.cluster.startDaemon(first)])
    await lab.restored(first, restarted)
    await lab.says(second, { state: 'BACKUP' })
  })
})
