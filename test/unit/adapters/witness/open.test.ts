import { expect, test, vi } from 'vitest'
import { openEc2 } from '../../../../src/adapters/ec2/client.ts'
import { openWitness } from '../../../../src/adapters/witness/open.ts'
import { systemClock } from '../../../../src/platform/clock.ts'

const loaded = vi.hoisted(() => vi.fn())
vi.mock('@aws-sdk/client-dynamodb', async (importActual) => {
  loaded()
  return importActual()
})

test('DynamoDB’s client is loaded where the config names a table, with the first call', async () => {
  const ec2 = await openEc2({ region: 'eu-west-1', clock: systemClock, onWait: () => {} })
  openWitness({ cluster: 'db', witness: { type: 'ec2-tags', ttl: undefined } }, ec2, ['VI_1'])
  const witness = openWitness({ cluster: 'db', witness: { type: 'dynamodb', table: 'vips', ttl: 3000 } }, ec2, ['VI_1'])
  expect(loaded).not.toHaveBeenCalled()
  await expect(witness.read(AbortSignal.abort(new Error('ended')))).rejects.toThrow('ended')
  expect(loaded).toHaveBeenCalledOnce()
})
