import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ApiError } from '../../../../src/lab/ec2/errors.ts'
import { interceptWith, isWrite, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { gate } from '../../../support/fixtures.ts'
import { BACKUP, both, byIds, eniOf, hook, MASTER, STOP, targets } from '../../../support/node.ts'
import { heldStart } from '../../../support/preload.ts'

startEndpointForEachTest()

describe('of two hooks that cross, the newer state wins', () => {
  test('MASTER, then BACKUP 20 ms later, the older slowed before it gets to run', async () => {
    const { env, letGo } = await heldStart()
    const older = hook('db-2', MASTER, { instance: byIds(), env })
    await delay(20)
    const newer = await hook('db-2', BACKUP, { instance: byIds() })
    letGo()
    const late = await older
    expect([late.exitCode, newer.exitCode]).toEqual([5, 0])
    expect(late.stderr).toContain('superseded by a newer event, BACKUP')
    expect(writes()).toEqual([])
    expect(targets()).toEqual(both(eniOf('db-1')))
  })

  test('MASTER, then STOP, the older slowed by EC2: what failed is not tried again', async () => {
    const recorded = gate()
    const asked = gate()
    interceptWith(async ({ action }) => {
      if (!isWrite(action)) return
      if (writes().length === 2) asked.open()
      await recorded.opened
      throw new ApiError('Unavailable', 'The service is unavailable.', 503)
    })
    const older = hook('db-2', MASTER, { instance: byIds() })
    await asked.opened
    const newer = hook('db-2', STOP)
    expect((await newer).exitCode).toBe(0)
    // Two; more only where requests timed out, on a slow machine, before STOP was recorded.
    const tried = writes().length
    recorded.open()
    expect((await older).exitCode).toBe(5)
    expect(writes()).toHaveLength(tried)
    expect(targets()).toEqual(both(eniOf('db-1')))
  })

  test('MASTER, then STOP while its writes are in flight: they are cut off at once', async () => {
    const asked = gate()
    const ended = gate()
    interceptWith(async ({ action }) => {
      if (!isWrite(action)) return
      if (writes().length === 2) asked.open()
      await ended.opened
      throw new ApiError('Unavailable', 'The service is unavailable.', 503)
    })
    const older = hook('db-2', MASTER, { instance: byIds() })
    await asked.opened
    expect((await hook('db-2', STOP)).exitCode).toBe(0)
    // EC2 has given no answer yet: the hook does not wait for one.
    expect((await older).exitCode).toBe(5)
    ended.open()
    expect(writes()).toHaveLength(2)
  })

  test('BACKUP, then MASTER, the older slowed: the routes move all the same', async () => {
    const { env, letGo } = await heldStart()
    interceptWith(({ action }) => {
      if (isWrite(action)) letGo()
    })
    const older = hook('db-2', BACKUP, { instance: byIds(), env })
    await delay(20)
    const newer = await hook('db-2', MASTER, { instance: byIds() })
    expect([(await older).exitCode, newer.exitCode]).toEqual([5, 0])
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('the late write of a master that stepped down is taken back by the new one', async () => {
    const newMasterWrote = gate()
    const lateAsked = gate()
    const late = eniOf('db-2')
    interceptWith(async ({ action, params }) => {
      if (!isWrite(action)) return
      if (params.NetworkInterfaceId === late) {
        lateAsked.open()
        await newMasterWrote.opened
        return
      }
      const ofNewMaster = writes().filter((write) => write.params.NetworkInterfaceId !== late)
      // On the next turn: this write is carried out first.
      if (ofNewMaster.length === 2) setImmediate(newMasterWrote.open)
    })
    const older = hook('db-2', MASTER, { instance: byIds() })
    await lateAsked.opened
    await hook('db-2', STOP)
    const newMaster = hook('db-1', MASTER, { instance: byIds() })
    expect((await older).exitCode).toBe(5)
    expect((await newMaster).exitCode).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-1')))
  })
})
