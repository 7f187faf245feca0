/** A VIP inside the VPC, whose route EC2 takes from nobody. */
import { expect, test } from 'vitest'
import { logLines } from '../../../support/cli.ts'
import { startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { BACKUP, both, byIds, eniOf, hook, MASTER, targets } from '../../../support/node.ts'

startEndpointForEachTest()

test('a hook does not try what was seen to be impossible, moves the rest, and says why', async () => {
  const instance = byIds().replace('[10.99.0.10]', '[10.99.0.10, 10.0.3.10]')
  await hook('db-2', BACKUP, { instance })
  const run = await hook('db-2', MASTER, { instance })
  expect(run.exitCode).toBe(3)
  expect(writes().map(({ params }) => params.DestinationCidrBlock)).toEqual(['10.99.0.10/32', '10.99.0.10/32'])
  expect(targets()).toEqual(both(eniOf('db-2')))
  const errors = logLines(run).flatMap(({ level, msg }) => (level === 50 ? [String(msg)] : []))
  expect(errors.join('\n')).toContain(
    "10.0.3.10/32 is inside the VPC's own 10.0.0.0/16, where EC2 accepts no such route",
  )
})
