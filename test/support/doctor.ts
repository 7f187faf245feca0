/** A pair in good order, and `vip-switch doctor` on it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import * as z from 'zod'
import type { NetworkInterface, RouteTable } from '../../src/lab/ec2/model.ts'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import { environmentFor, type Run, runProgram } from './cli.ts'
import { directory, endpoint } from './endpoint.ts'
import { eniOf, idOf } from './node.ts'

const claim = (priority: number, address: string) =>
  `BACKUP prio=${priority} addr=${address} since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03.120Z`

const nodeOf = (address: string, priority: number) => ({
  interfaces: [
    {
      addresses: [address],
      sourceDestCheck: false,
      securityGroups: ['db'],
      tags: { 'vip-switch:db:VI_1': claim(priority, address) },
    },
  ],
})

/** Two nodes in two zones, whose claims are published; every subnet reaches the VIP. */
export const wellSeed: Seed = {
  vpcs: {
    lab: {
      cidrs: ['10.0.0.0/16'],
      subnets: {
        a: { zone: 'ap-northeast-1a', cidr: '10.0.1.0/24' },
        c: { zone: 'ap-northeast-1c', cidr: '10.0.2.0/24' },
        other: { zone: 'ap-northeast-1d', cidr: '10.0.3.0/24' },
      },
      securityGroups: { db: { ingress: [{ protocol: '112', from: 'db' }] }, other: {} },
      instances: { 'db-1': nodeOf('10.0.1.11', 150), 'db-2': nodeOf('10.0.2.12', 100) },
      routeTables: {
        main: { main: true },
        'private-a': { subnets: ['a'], tags: { role: 'private' }, routes: { '10.99.0.10/32': 'db-1' } },
        'private-c': { subnets: ['c', 'other'], tags: { role: 'private' }, routes: { '10.99.0.10/32': 'db-1' } },
        spare: { routes: { '0.0.0.0/0': 'nat-00000000000000001' } },
      },
    },
  },
}

const findingSchema = z.object({
  group: z.string(),
  check: z.string(),
  subject: z.string().nullable(),
  verdict: z.enum(['ok', 'skipped', 'unknown', 'warn', 'fail']),
  found: z.string(),
  mend: z.union([z.strictObject({ command: z.string() }), z.strictObject({ advice: z.string() })]).nullable(),
})

export const reportSchema = z.strictObject({
  version: z.literal(1),
  cluster: z.string(),
  region: z.string().nullable(),
  node: z.strictObject({ eni: z.string().nullable(), name: z.string().nullable() }).nullable(),
  worst: findingSchema.shape.verdict,
  counts: z.record(z.string(), z.int()),
  findings: z.array(findingSchema),
})

export type JsonFinding = z.output<typeof findingSchema>

export type DoctorRun = {
  /** Of the config. */
  config?: object
  /** Of the VRRP instance in it. */
  instance?: object
  env?: NodeJS.ProcessEnv
  args?: readonly string[]
}

/** Writes its config, by which nothing here is a node's; what it is run with. */
export function doctorArguments({ config = {}, instance = {}, args = [] }: DoctorRun = {}): string[] {
  const path = join(directory, 'config.yaml')
  const file = (name: string) => join(directory, name)
  const own = { vips: ['10.99.0.10'], routeTables: [{ tags: { role: 'private' } }], ...instance }
  const settings = { control: file('control.sock'), keepalived: { fifo: file('fifo'), pidFile: file('pid') } }
  writeFileSync(path, JSON.stringify({ cluster: 'db', ...settings, instances: { VI_1: own }, ...config }))
  return ['doctor', '--config', path, '--state-dir', directory, ...args]
}

/** Runs the doctor as it is run on a laptop. */
export function doctor(run: DoctorRun = {}): Promise<Run> {
  return runProgram(doctorArguments(run), environmentFor(endpoint, run.env))
}

/** What it finds, and its exit code. */
export async function findings(run: DoctorRun = {}) {
  const { exitCode, stdout, stderr } = await doctor({ ...run, args: [...(run.args ?? []), '--json'] })
  if (!stdout) throw new Error(stderr)
  return { exitCode, stderr, report: reportSchema.parse(JSON.parse(stdout)) }
}

/** As on an instance of the pair: its metadata service answers. */
export async function onInstance(name: string): Promise<NodeJS.ProcessEnv> {
  const { url } = await endpoint.startMetadata({ instanceId: idOf(name, 'i-') })
  return { AWS_EC2_METADATA_SERVICE_ENDPOINT: url }
}

export function interfaceOf(name: string): NetworkInterface {
  return held(endpoint.region.interfaces.get(eniOf(name)))
}

export function tableNamed(name: string): RouteTable {
  return held(endpoint.region.routeTables.get(idOf(name, 'rtb-')))
}

export function groupNamed(name: string) {
  return held([...endpoint.region.securityGroups.values()].find((group) => group.name === name))
}

export function held<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the seed has no such thing')
  return value
}

export const instanceNamed = (name: string) => held(endpoint.region.instances.get(idOf(name, 'i-')))

/** What is out of order, and what of it is found. */
export type Case = {
  title: string
  change?: () => void
  run?: DoctorRun
  finds: Partial<Omit<JsonFinding, 'found' | 'mend'>> & { found: RegExp; mend?: RegExp }
}

/** Puts it out of order, and looks whether the doctor says so, with the exit code of the worst that it says. */
export async function assertFound({ change, run, finds: { found, mend, ...rest } }: Case): Promise<void> {
  change?.()
  const { exitCode, report } = await findings(run)
  const mine = report.findings.filter(({ check }) => check === rest.check)
  const match = mine.find((each) => found.test(each.found) && each.verdict === rest.verdict)
  expect(match, JSON.stringify(mine)).toMatchObject(rest)
  if (mend) expect(Object.values(match?.mend ?? {})).toEqual([expect.stringMatching(mend)])
  expect(exitCode).toBe({ ok: 0, skipped: 0, unknown: 3, warn: 3, fail: 1 }[report.worst])
  if (rest.verdict !== 'ok') expect(['warn', 'fail', 'unknown']).toContain(report.worst)
}
