/** What the README and docs/installation.md say, done as they say it, on two machines without vip-switch: it ends with a doctor that is content. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { policySchema } from '../../src/lab/ec2/iam/policy.ts'
import { buildRegion } from '../../src/lab/ec2/seed/build.ts'
import { defaultSeed } from '../../src/lab/ec2/seed/default.ts'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import { endpointUrl, startEndpointProcess } from '../../src/lab/endpoint-process.ts'
import { createNetwork } from '../../src/lab/network.ts'
import { poll } from '../../src/lab/poll.ts'
import { type LabNode, nodes, VIP } from '../../src/lab/scene.ts'
import { requires } from '../support/requires.ts'
import { bin, first, second } from './case.ts'
import { type Machine, startMachine } from './machine.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const installation = readFileSync(join(ROOT, 'docs/installation.md'), 'utf8')
const ACCOUNT = '123456789012'
/** Which table of the lab has the id that the page's config names. */
const [NAMED, ID] = ['private-a', 'rtb-0aaaaaaaaaaaaaaaa']
const DEADLINE_MS = 20_000

/** A part of a page, by what is in it. */
function partOf(page: string, pattern: RegExp): string {
  const [, text] = pattern.exec(page) ?? []
  if (text === undefined) throw new Error(`the page has nothing like ${pattern}`)
  return text
}

const config = partOf(installation, /^```yaml\n(cluster: .*?)^```/ms)
const keepalivedConf = partOf(installation, /^```\n(global_defs .*?)^```/ms)
const install = partOf(installation, /^ {4}(npm install --global \S+)/m)
const usersAndUnits = partOf(installation, /^ {4}(sudo useradd .*\n {4}sudo cp .*)$/m).replaceAll(/^ *sudo /gm, '')

/** The VPC of the lab before anything of the page was done but its steps 1 and 2. */
function seedOf(policy: unknown): Seed {
  const { lab } = defaultSeed.vpcs
  if (!lab) throw new Error('the default seed has no VPC named lab')
  const tables = Object.entries(lab.routeTables ?? {}).map(([name, table]) => {
    const bare = name.startsWith('private') ? { ...table, routes: {} } : table
    return [name, name === NAMED ? { ...bare, id: ID } : bare]
  })
  return {
    ...defaultSeed,
    vpcs: { lab: { ...lab, routeTables: Object.fromEntries(tables) } },
    // Of the role whose credentials IMDS gives.
    policies: { [`arn:aws:iam::${ACCOUNT}:role/lab-node`]: policySchema.parse(policy) },
  }
}

/** The lab's VPC with what EC2 does by itself: source/dest checks are on, and no table has a VIP. */
function freshSeed(): Seed {
  const { lab } = defaultSeed.vpcs
  if (!lab) throw new Error('the default seed has no VPC named lab')
  const instances = nodes.map(({ name, address }) => {
    return [name, { interfaces: [{ addresses: [address], securityGroups: ['db'] }] }]
  })
  const tables = Object.entries(lab.routeTables ?? {}).map(([name, table]) => [name, { ...table, routes: {} }])
  const own = { instances: Object.fromEntries(instances), routeTables: Object.fromEntries(tables) }
  return { ...defaultSeed, vpcs: { lab: { ...lab, ...own } } }
}

function macOf(seed: Seed, { address }: LabNode): string {
  const interfaces = [...buildRegion(seed).interfaces.values()]
  return interfaces.find(({ addresses }) => addresses.includes(address))?.mac ?? ''
}

/** A setting of a unit. */
const setting = (unit: string, name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? ''

/** What systemd does with the units: there is none in a namespace. */
async function enableUnits(machine: Machine) {
  const preflight = await machine.run('cat /etc/systemd/system/vip-switch-preflight@.service')
  const [user, mode] = [setting(preflight, 'User'), setting(preflight, 'RuntimeDirectoryMode')]
  const state = join('/run', setting(preflight, 'RuntimeDirectory'))
  // The directory above it is root's (systemd.exec(5), RuntimeDirectory=).
  await machine.run(`install --directory ${dirname(state)}`)
  await machine.run(`install --directory --owner ${user} --group ${user} --mode ${mode} ${state}`)
  await machine.run(
    `setpriv --reuid ${user} --regid ${user} --init-groups ${setting(preflight, 'ExecStart').replace('%I', 'VI_1')}`,
  )
  const daemon = await machine.run('cat /etc/systemd/system/vip-switch.service')
  const started = await machine.start(
    `setpriv --regid ${setting(daemon, 'Group')} --clear-groups ${setting(daemon, 'ExecStart')}`,
  )
  await started.line(/"msg":"started"/)
}

/** The packed program and the nodes' network; both are gone when the test ends. */
async function stage() {
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-readme-'))
  const network = createNetwork(nodes)
  onTestFinished(() => {
    network.remove()
    rmSync(directory, { recursive: true })
  })
  await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { cwd: ROOT })
  const archive = readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? ''
  expect(install).toBe(`npm install --global ${archive}`)

  /** A machine with the program, as npm installs it. */
  async function installed(node: LabNode): Promise<Machine> {
    const env = {
      AWS_ENDPOINT_URL: endpointUrl(network),
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    }
    const machine = await startMachine(network.namespaceOf(node), join(directory, node.name), env)
    await machine.run(`cat > ${archive}`, readFileSync(join(directory, archive)))
    await machine.run(install)
    return machine
  }
  return { directory, network, installed }
}

/** Steps 7 and 8, where keepalived.conf is there. */
async function startAll(machine: Machine): Promise<void> {
  const program = (await machine.run('command -v vip-switch')).trim()
  await machine.run(usersAndUnits)
  await machine.run(`sed -i 's|/usr/bin/vip-switch|${program}|' /etc/systemd/system/vip-switch*.service`)
  await enableUnits(machine)
  await machine.start('keepalived --dont-fork --log-console')
}

async function allWell(machines: readonly Machine[]): Promise<void> {
  for (const machine of machines) {
    // The other's claim may be on its way.
    await poll(
      'the doctor finds all well',
      DEADLINE_MS,
      async () => (await machine.attempt('vip-switch doctor')).exitCode === 0 || undefined,
    )
    expect((await machine.run('vip-switch doctor')).split('\n').at(-1)).toBe('25 ok')
  }
}

describe.skipIf(!requires('keepalived') || !requires('overlay'))('the installation', { timeout: 120_000 }, () => {
  it('leads step by step from npm install to a doctor that finds all well', async () => {
    const { directory, network, installed } = await stage()
    // Step 5; the role has this policy, and no other.
    writeFileSync(join(directory, 'config.yaml'), config)
    const policyOf = ['iam-policy', '--account', ACCOUNT, '--config', join(directory, 'config.yaml')]
    const { stdout } = await execa(bin, policyOf, { env: { AWS_REGION: 'ap-northeast-1' } })
    const control = await startEndpointProcess({
      bin,
      network,
      directory,
      seed: seedOf(JSON.parse(stdout)),
    })

    const machines = await Promise.all(
      nodes.map(async (node, index) => {
        const machine = await installed(node)
        await machine.run('mkdir -p /etc/vip-switch && cat > /etc/vip-switch/config.yaml', config)
        const program = (await machine.run('command -v vip-switch')).trim()
        const [address, peer] = index === 0 ? ['10.0.1.11', '10.0.2.12'] : ['10.0.2.12', '10.0.1.11']
        const conf = keepalivedConf
          .replaceAll('/usr/bin/vip-switch', program)
          .replace(/unicast_src_ip .*/, `unicast_src_ip ${address}`)
          .replace(/unicast_peer \{[^}]*\}/, `unicast_peer {\n    ${peer}\n  }`)
          .replace('priority 150', `priority ${node.priority}`)
        await machine.run('mkdir -p /etc/keepalived && cat > /etc/keepalived/keepalived.conf', conf)
        await startAll(machine)
        return machine
      }),
    )

    const routes = () => control.routes().then((all) => all.filter(({ destination }) => destination === VIP))
    await poll('both tables have the route', DEADLINE_MS, async () => (await routes()).length === 2 || undefined)
    await allWell(machines)
  })

  it('leads there as the README says, by init and what the doctor mends', async () => {
    const { directory, network, installed } = await stage()
    const seed = freshSeed()
    await startEndpointProcess({ bin, network, directory, seed })
    const [one, two] = await Promise.all([installed(first), installed(second)])
    for (const [node, machine] of [
      [first, one],
      [second, two],
    ] as const) {
      // The address by which EC2 knows the interface.
      await machine.run(`ip link set eth0 address ${macOf(seed, node)}`)
    }
    const { exitCode, stderr } = await one.attempt('vip-switch status')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining('→ create it with sudo vip-switch init'),
    })

    const flags = '--cluster db --vip 10.99.0.10 --route-table role=private --peer db-2 --priority 150'
    const made = await one.run(`${partOf(readme, /^ {4}sudo (vip-switch init) /m)} ${flags}`)
    expect(made).toMatch(/✓ \/etc\/keepalived\/keepalived\.conf +includes /)
    await two.run('cat > config.yaml', await one.run('cat /etc/vip-switch/config.yaml'))
    await two.run(/^ *sudo (vip-switch init --join .*)$/m.exec(made)?.[1] ?? 'false')
    expect((await one.attempt('vip-switch doctor --fix -f')).stdout).toContain('is not running')
    for (const machine of [one, two]) await startAll(machine)
    await allWell([one, two])
  })
})
