/** `vip-switch switch` on a VPC with two nodes and a table of each kind. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import { environmentFor, runProgram } from './cli.ts'
import { directory, endpoint } from './endpoint.ts'

export const A = 'rtb-0000000000000000a'
export const B = 'rtb-0000000000000000b'
export const NATTED = 'rtb-0000000000000000c'
export const BARE = 'rtb-0000000000000000d'
export const [I1, I2] = ['i-00000000000000001', 'i-00000000000000002']
export const [ENI1, ENI2] = ['eni-00000000000000001', 'eni-00000000000000002']
export const NAT = 'nat-00000000000000001'
export const VIP = '10.99.0.10/32'

export const seed: Seed = {
  vpcs: {
    lab: {
      cidrs: ['10.0.0.0/16'],
      subnets: {
        a: { zone: 'ap-northeast-1a', cidr: '10.0.1.0/24' },
        c: { zone: 'ap-northeast-1c', cidr: '10.0.2.0/24' },
      },
      instances: {
        'db-1': { id: I1, interfaces: [{ id: ENI1, addresses: ['10.0.1.11'], sourceDestCheck: false }] },
        'db-2': { id: I2, interfaces: [{ id: ENI2, addresses: ['10.0.2.12'], sourceDestCheck: false }] },
      },
      routeTables: {
        main: { main: true },
        'private-a': { id: A, tags: { role: 'private' }, routes: { [VIP]: 'db-1', '10.99.0.11/32': 'db-1' } },
        'private-c': { id: B, tags: { role: 'private' }, routes: { [VIP]: 'db-1' } },
        natted: { id: NATTED, routes: { [VIP]: NAT } },
        bare: { id: BARE },
        'twin-1': { id: 'rtb-000000000000000e1', tags: { Name: 'twin' } },
        'twin-2': { id: 'rtb-000000000000000e2', tags: { Name: 'twin' } },
      },
    },
  },
}

export function run(...values: string[]) {
  return runProgram(['switch', ...values], environmentFor(endpoint, { VIP_SWITCH_CONFIG: undefined }))
}

/** Runs with a config of the instance VI_1, in addition to what is given. */
export function runWithConfig(instance: object, rest: object, ...values: string[]) {
  const path = join(directory, 'config.yaml')
  writeFileSync(
    path,
    JSON.stringify({ cluster: 'db', instances: { VI_1: { vips: ['10.99.0.10'], ...instance } }, ...rest }),
  )
  return run(...values, '--config', path)
}

/** What the route of the VIP in the table points to. */
export function targetOf(table: string, vip = VIP): string | undefined {
  return endpoint.region.routeTables.get(table)?.routes.find(({ destination }) => destination.value === vip)?.target.id
}
