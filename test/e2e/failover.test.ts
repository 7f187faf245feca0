/** The real keepalived calls the built program; the routes are read where they are. */
import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { VIP } from '../../src/lab/scene.ts'
import { requires } from '../support/requires.ts'
import { first, raise, second } from './case.ts'
import { historyOf, tellHistory } from './history-case.ts'

describe.skipIf(!requires('keepalived'))('the routes follow keepalived', { timeout: 60_000 }, () => {
  it('at a cold start, with one write for each table', async () => {
    const lab = await raise({ at: second })
    await lab.bothUp()
    const tables = (await lab.writes(first)).map(({ params }) => params.RouteTableId)
    expect(tables.sort()).toEqual(['private-a', 'private-c'].map(lab.tableId).sort())
  })

  it('when the master’s keepalived is killed with SIGKILL', async () => {
    const lab = await raise()
    await lab.bothUp()
    const killed = Date.now()
    await lab.cluster.keepalivedOf(first).kill()
    await lab.arrival(second)
    const [became, ...rest] = (await historyOf(lab, second)).filter(({ at }) => Date.parse(at) >= killed)
    expect(became).toMatchObject({ kind: 'transition', by: 'hook', from: 'BACKUP', to: 'MASTER', priority: 100 })
    expect(rest[0]).toMatchObject({ kind: 'decision', condition: 'SWITCHING', action: 'write' })
    const routes = expect.arrayContaining(['private-a', 'private-c'].map((name) => `${lab.tableId(name)} ${VIP}`))
    expect(rest.filter(({ kind }) => kind === 'writes')).toMatchObject([
      { accepted: 2, failed: 0, waiting: 0, ended: 0, since: 'event', ms: expect.any(Number), routes, takenFrom: [] },
    ])
    expect(rest.filter(({ kind }) => kind === 'confirmed')).toMatchObject([{ routes: 2, since: 'event' }])
    // Nothing more has happened to the other: its keepalived had no time to say so.
    expect((await historyOf(lab, first)).filter(({ at }) => Date.parse(at) >= killed)).toEqual([])
    expect(await tellHistory(lab, second)).toMatch(/^VI_1 on db-2 /)
  })

  it('when the link of the master’s node goes down, and up again', async () => {
    const lab = await raise()
    await lab.bothUp()
    lab.network.setLink(first, 'down')
    await lab.arrival(second)
    lab.network.setLink(first, 'up')
    await lab.arrival(first)
  })

  it('when the master is stopped, and back when it is started', async () => {
    const lab = await raise()
    await lab.bothUp()
    await lab.cluster.keepalivedOf(first).stop()
    await lab.arrival(second)
    expect(lab.exits(first)).toContainEqual({ event: 'VI_1 STOP 150', exitCode: 0, ms: expect.any(Number) })
    await lab.cluster.start(first)
    await lab.arrival(first)
  })

  it('when a track script lowers the master’s priority, and back when it does no more', async () => {
    const lab = await raise()
    await lab.bothUp()
    writeFileSync(lab.loweringFile(first), '')
    await lab.arrival(second)
    rmSync(lab.loweringFile(first))
    await lab.arrival(first)
  })
})
