/** A pair in a VPC of tables of every kind, whose program may do what its policy allows. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Policy, policySchema } from '../../src/lab/ec2/iam/policy.ts'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import { type Ec2Endpoint, startEc2Endpoint } from '../../src/lab/ec2/server.ts'
import { environmentFor, type Run, runProgram } from './cli.ts'

const ACCOUNT = '123456789012'
const ROUTE_OWNER = '210987654321'
const USER = `arn:aws:iam::${ACCOUNT}:user/lab`
const ROLE = `arn:aws:iam::${ROUTE_OWNER}:role/route-switch`
const BY_ID = 'rtb-0000000000000000a'
const SECOND = 'rtb-0000000000000000b'
const ENI = 'eni-0000000000000000a'
const VIP = '10.99.0.10/32'
/** No table has its route. */
const MISSING = '10.99.0.11/32'

const seed: Seed['vpcs'][string] = {
  cidrs: ['10.0.0.0/16'],
  subnets: {
    a: { zone: 'ap-northeast-1a', cidr: '10.0.1.0/24' },
    c: { zone: 'ap-northeast-1c', cidr: '10.0.2.0/24' },
  },
  instances: {
    'db-1': { interfaces: [{ id: ENI, addresses: ['10.0.1.11'], sourceDestCheck: false }] },
    'db-2': { interfaces: [{ addresses: ['10.0.2.12'], sourceDestCheck: false }] },
  },
  routeTables: {
    main: { main: true },
    'by-id': { id: BY_ID, routes: { [VIP]: 'db-1' } },
    'private-c': { routes: { [VIP]: 'db-1' } },
    tagged: { tags: { role: 'private' }, routes: { [VIP]: 'db-1' } },
    second: { id: SECOND, routes: { '10.99.0.20/32': 'db-2' } },
  },
}

const configOf = (directory: string, assumeRole: string | undefined) => ({
  cluster: 'db',
  eni: ENI,
  // Nothing asks for keepalived, which does not run, after the start.
  interval: '30s',
  control: join(directory, 'control.sock'),
  keepalived: { fifo: join(directory, 'notify.fifo'), pidFile: join(directory, 'none.pid') },
  ...(assumeRole && { assumeRole }),
  instances: {
    VI_1: {
      vips: [VIP, MISSING],
      routeTables: [BY_ID, { name: 'private-c' }, { tags: { role: 'private' } }],
    },
    VI_2: { vips: ['10.99.0.20'], routeTables: [SECOND], createMissing: false },
  },
})

/** By the user or the role that they are for. */
export type Policies = ReadonlyMap<string, Policy>

export type Policed = {
  /** The role for the route tables; undefined: they are our own. */
  readonly role: string | undefined
  readonly endpoint: Ec2Endpoint
  readonly directory: string
  readonly env: NodeJS.ProcessEnv
  run(...values: string[]): Promise<Run>
  /** What the program says that each principal must be allowed. */
  print(): Promise<Policies>
  /** From now on, nothing else is allowed. */
  enforce(policies: Policies): void
  /** Routes that nobody has made, as at first. */
  forgetMissing(): void
  close(): Promise<void>
}

/** @param assumeRole whether the route tables are another account's */
export async function startPoliced(assumeRole: boolean): Promise<Policed> {
  const role = assumeRole ? ROLE : undefined
  const directory = await mkdtemp(join(tmpdir(), 'vip-switch-test-'))
  const vpc = assumeRole ? { ...seed, owner: ROUTE_OWNER } : seed
  const endpoint = await startEc2Endpoint({ seed: { account: ACCOUNT, vpcs: { lab: vpc } } })
  const config = join(directory, 'config.yaml')
  await writeFile(config, JSON.stringify(configOf(directory, role)))
  const env = environmentFor(endpoint, {
    VIP_SWITCH_CONFIG: config,
    RUNTIME_DIRECTORY: directory,
    STATE_DIRECTORY: directory,
  })
  const run = (...values: string[]) => runProgram(values, env)
  const policy = async (...values: string[]) =>
    policySchema.parse(JSON.parse((await run('iam-policy', '--account', ACCOUNT, ...values)).stdout))
  return {
    role,
    endpoint,
    directory,
    env,
    run,
    async print() {
      const own = [USER, await policy()] as const
      return new Map(assumeRole ? [own, [ROLE, await policy('--for', 'route-owner')]] : [own])
    },
    enforce(policies) {
      endpoint.region.policies = new Map(policies)
    },
    forgetMissing() {
      for (const table of endpoint.region.routeTables.values()) {
        table.routes = table.routes.filter(({ destination }) => destination.value !== MISSING)
      }
    },
    async close() {
      await endpoint.close()
      await rm(directory, { recursive: true })
    },
  }
}
