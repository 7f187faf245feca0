/** Two VPCs whose tables have the same tags and names: only those of the nodes are selected, in every command. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Seed } from '../../../src/lab/ec2/seed/seed.ts'
import { actionsOf, environmentFor, runProgram } from '../../support/cli.ts'
import { directory, endpoint, startEndpointForEachTest, writes } from '../../support/endpoint.ts'

const ENI1 = 'eni-00000000000000001'
const ENI2 = 'eni-00000000000000002'
const [DEV_A, DEV_C] = ['rtb-0000000000000000a', 'rtb-0000000000000000c']
const [PROD_A, PROD_C] = ['rtb-000000000000000fa', 'rtb-000000000000000fc']
const [DEV, PROD] = ['vpc-0000000000000000d', 'vpc-0000000000000000f']
const VIP = '10.99.0.10/32'

const vpcOf = (id: string, network: string, tables: readonly [string, string], node: string, enis?: string[]) => ({
  id,
  cidrs: [`10.${network}.0.0/16`],
  subnets: {
    a: { zone: 'ap-northeast-1a', cidr: `10.${network}.1.0/24` },
    c: { zone: 'ap-northeast-1c', cidr: `10.${network}.2.0/24` },
  },
  instances: {
    [`${node}-1`]: {
      interfaces: [{ ...(enis && { id: enis[0] }), addresses: [`10.${network}.1.11`], sourceDestCheck: false }],
    },
    [`${node}-2`]: {
      interfaces: [{ ...(enis && { id: enis[1] }), addresses: [`10.${network}.2.12`], sourceDestCheck: false }],
    },
  },
  routeTables: {
    'private-a': { id: tables[0], tags: { tier: 'private' }, routes: { [VIP]: `${node}-1` } },
    'private-c': { id: tables[1], tags: { tier: 'private' }, routes: { [VIP]: `${node}-1` } },
  },
})

const seed: Seed = {
  vpcs: {
    dev: vpcOf(DEV, '0', [DEV_A, DEV_C], 'db', [ENI1, ENI2]),
    prod: vpcOf(PROD, '20', [PROD_A, PROD_C], 'pdb'),
  },
}

startEndpointForEachTest(seed)

const TAGS = { tags: { tier: 'private' } }

function run(values: readonly string[], { top = {}, tables = [TAGS] }: { top?: object; tables?: unknown[] } = {}) {
  const config = join(directory, 'config.yaml')
  const instances = { VI_1: { vips: ['10.99.0.10'], routeTables: tables } }
  const socket = join(directory, 'control.sock')
  const pidFile = join(directory, 'keepalived.pid')
  writeFileSync(config, JSON.stringify({ cluster: 'db', control: socket, keepalived: { pidFile }, instances, ...top }))
  return runProgram([...values, '--config', config], environmentFor(endpoint))
}

const hook = (state: string, options: Parameters<typeof run>[1]) =>
  run(['notify', 'INSTANCE', 'VI_1', state, '150', '--state-dir', join(directory, 'state')], options)

const written = () => writes().map(({ params }) => params.RouteTableId)
const words = (text: string) => text.replace(/\s+/g, ' ')
function claim(eni: string, state: string, priority: number): void {
  const value = `${state} prio=${priority} addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03.120Z`
  endpoint.region.tags.set(eni, new Map([['vip-switch:db:VI_1', value]]))
}

const ON_NODE = { top: { eni: ENI1 } }
const ONLOOKER = { top: {} }

describe('tags and names mean tables of the nodes’ VPC', () => {
  test.each([
    ['on a node, by its interface', ON_NODE, () => {}],
    ['elsewhere, by the claims of the nodes', ONLOOKER, () => claim(ENI1, 'MASTER', 150)],
    ['elsewhere, by vpc in the config', { top: { vpc: DEV } }, () => {}],
  ])('in a switch %s', async (_, options, prepare) => {
    prepare()
    const { exitCode, stdout } = await run(['switch', 'VI_1', '--to', 'db-2', '--dry-run'], options)
    expect({ exitCode, last: stdout.split('\n').at(-1) }).toEqual({ exitCode: 0, last: '2 permitted' })
    expect(stdout).not.toContain(PROD_A)
    endpoint.requests.length = 0
    expect((await run(['switch', 'VI_1', '--to', 'db-2', '-f'], options)).exitCode).toBe(0)
    expect(written().sort()).toEqual([DEV_A, DEV_C])
  })

  test('by name, too, which alone would be ambiguous', async () => {
    const { exitCode } = await run(['switch', 'VI_1', '--to', 'db-2', '-f'], {
      ...ON_NODE,
      tables: [{ name: 'private-a' }],
    })
    expect({ exitCode, tables: written() }).toEqual({ exitCode: 0, tables: [DEV_A] })
  })

  test('in a hook that reads first', async () => {
    const { exitCode } = await hook('MASTER', { top: { eni: ENI2 } })
    expect({ exitCode, tables: written().sort() }).toEqual({ exitCode: 0, tables: [DEV_A, DEV_C] })
  })

  test('in what a BACKUP hook keeps for a later MASTER, which reads nothing before it writes', async () => {
    await hook('BACKUP', { top: { eni: ENI2 } })
    endpoint.requests.length = 0
    const { exitCode } = await hook('MASTER', { top: { eni: ENI2 } })
    expect({ exitCode, tables: written().sort() }).toEqual({ exitCode: 0, tables: [DEV_A, DEV_C] })
    expect(actionsOf(endpoint).slice(0, 2)).toEqual(['ReplaceRoute', 'ReplaceRoute'])
  })

  test('in status, check and list', async () => {
    claim(ENI1, 'MASTER', 150)
    for (const options of [ON_NODE, ONLOOKER]) {
      const [{ routes, condition }] = JSON.parse((await run(['status', '--json'], options)).stdout).instances
      expect(routes.map(({ table }: { table: string }) => table)).toEqual([DEV_A, DEV_C])
      expect(condition).toBe('OK')
      const check = await run(['check', 'VI_1'], options)
      expect({ exitCode: check.exitCode, stdout: check.stdout }).toMatchObject({ exitCode: 0 })
      const { tables } = JSON.parse((await run(['list', '--json'], options)).stdout)
      const managed = tables.filter((table: { routes: { vrrpInstance: string | null }[] }) =>
        table.routes.some(({ vrrpInstance }) => vrrpInstance === 'VI_1'),
      )
      expect(managed.map(({ id }: { id: string }) => id)).toEqual([DEV_A, DEV_C])
    }
  })

  test('in the doctor', async () => {
    const { findings } = JSON.parse((await run(['doctor', '--json'], ON_NODE)).stdout)
    const tables = findings.filter(({ check }: { check: string }) => check === 'tables')
    expect(tables).toMatchObject([{ verdict: 'ok', found: `${DEV_A} (private-a), ${DEV_C} (private-c)` }])
  })
})

describe('what EC2 would refuse is said before anything is written', () => {
  const BY_ID = { ...ON_NODE, tables: [DEV_A, PROD_A] }
  const REASON = `is in ${PROD}, and the interface in ${DEV}: EC2 accepts no route from one VPC to the other`

  test('of a table by id, in a dry run', async () => {
    const { exitCode, stdout } = await run(['switch', 'VI_1', '--to', 'db-2', '--dry-run'], BY_ID)
    expect(exitCode).toBe(3)
    expect(words(stdout)).toMatch(new RegExp(`refused: ${PROD_A} private-a ${REASON}`))
    expect(stdout).toMatch(/1 permitted, 1 refused$/)
  })

  test('in a switch, which moves the others', async () => {
    const { exitCode, stdout } = await run(['switch', 'VI_1', '--to', 'db-2', '-f'], BY_ID)
    expect({ exitCode, tables: written() }).toEqual({ exitCode: 3, tables: [DEV_A] })
    expect(words(stdout)).toMatch(new RegExp(`refused: ${PROD_A} private-a ${REASON}`))
  })

  test('to a node of another VPC, by flags', async () => {
    const { exitCode, stdout } = await run(['switch', '-r', DEV_A, '-v', '10.99.0.10', '--eni', eniOfProd(), '-f'])
    expect({ exitCode, tables: written() }).toEqual({ exitCode: 4, tables: [] })
    expect(words(stdout)).toContain(`${DEV_A} private-a is in ${DEV}, and the interface in ${PROD}`)
  })

  test('by a BACKUP hook, so that a later MASTER does not try', async () => {
    await hook('BACKUP', { top: { eni: ENI2 }, tables: [DEV_A, PROD_A] })
    const { exitCode, stderr } = await hook('MASTER', { top: { eni: ENI2 }, tables: [DEV_A, PROD_A] })
    expect({ exitCode, tables: written() }).toEqual({ exitCode: 3, tables: [DEV_A] })
    expect(stderr).toContain(REASON)
  })

  test('by status and the doctor', async () => {
    claim(ENI1, 'MASTER', 150)
    const { stdout } = await run(['status', '--json'], BY_ID)
    expect(JSON.parse(stdout).instances[0]).toMatchObject({ condition: 'FOREIGN' })
    const { findings } = JSON.parse((await run(['doctor', '--json'], BY_ID)).stdout)
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'tables',
        verdict: 'fail',
        found: `${PROD_A} (private-a) is in ${PROD}, but the nodes are in ${DEV}: EC2 accepts no such route`,
      }),
    )
  })

  test('of tags that match only in another VPC', async () => {
    for (const id of [DEV_A, DEV_C]) endpoint.region.tags.get(id)?.delete('tier')
    const { exitCode, stderr } = await run(
      ['notify', 'INSTANCE', 'VI_1', 'MASTER', '--deadline', '3s', '--state-dir', join(directory, 'state')],
      ON_NODE,
    )
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain(`no route table in ${DEV} matches the tags tier=private, only some in ${PROD}`)
    expect(written()).toEqual([])
  })
})

test('where nobody tells the VPC, nothing is selected, and the config is to name it', async () => {
  const said = `the tags tier=private match route tables in ${DEV} and ${PROD}: set vpc in the config to one of them`
  const switched = await run(['switch', 'VI_1', '--to', 'db-2', '-f'], ONLOOKER)
  expect({ exitCode: switched.exitCode, tables: written() }).toEqual({ exitCode: 2, tables: [] })
  expect(switched.stderr).toContain(said)
  const [instance] = JSON.parse((await run(['status', '--json'], ONLOOKER)).stdout).instances
  expect(instance).toMatchObject({ condition: 'UNKNOWN', problems: [said] })
})

test('vpc in the config is a VPC’s id, and documented', async () => {
  const { exitCode, stderr, stdout } = await run(['config', 'check'], { top: { vpc: 'lab' } })
  expect(exitCode).toBe(2)
  expect(stdout + stderr).toContain('a VPC’s id (vpc-…)')
  expect(JSON.parse(readFileSync('dist/config.schema.json', 'utf8')).properties.vpc.pattern).toBe('^vpc-[0-9a-f]+$')
})

/** An interface of the other VPC. */
function eniOfProd(): string {
  const found = [...endpoint.region.interfaces.values()].find(({ vpcId }) => vpcId === PROD)
  if (!found) throw new Error('no interface in prod')
  return found.id
}
