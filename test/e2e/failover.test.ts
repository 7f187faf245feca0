/** The real keepalived calls the built program; the routes are read where they are. */
import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { requires } from '../support/requires.ts'
import { first, raise, second } from './case.ts'

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
    await lab.cluster.keepalivedOf(first).kill()
    await lab.arrival(second)
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
