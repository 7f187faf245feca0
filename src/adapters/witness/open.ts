/** Opens the configured witness. */
import type { Config } from '../../config/schema.ts'
import type { Ec2 } from '../ec2/client.ts'
import { ec2TagsWitness } from './ec2-tags.ts'
import type { Witness } from './witness.ts'

/** @param instances the VRRP instances whose claims are read */
export function openWitness(
  { cluster, witness }: Pick<Config, 'cluster' | 'witness'>,
  ec2: Ec2,
  instances: readonly string[],
): Witness {
  switch (witness.type) {
    case 'ec2-tags':
      return ec2TagsWitness(ec2, cluster, instances)
    case 'dynamodb': {
      const { table } = witness
      // Loaded on first use: a hook writes routes before it publishes.
      return deferred(async () => {
        const { dynamoDbWitness } = await import('./dynamodb.ts')
        return dynamoDbWitness(ec2, { cluster, table }, instances)
      })
    }
  }
}

function deferred(open: () => Promise<Witness>): Witness {
  let opened: Promise<Witness> | undefined
  const witness = () => {
    opened ??= open()
    return opened
  }
  return {
    publish: async (instance, claim, signal) => (await witness()).publish(instance, claim, signal),
    read: async (signal) => (await witness()).read(signal),
  }
}
