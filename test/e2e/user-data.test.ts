/** The user data of the examples, run on two bare machines: it leads to a pair without a question. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { policiesOf } from '../../src/commands/iam-policy/policy.ts'
import { policySchema } from '../../src/lab/ec2/iam/policy.ts'
import { buildRegion } from '../../src/lab/ec2/seed/build.ts'
import { defaultSeed } from '../../src/lab/ec2/seed/default.ts'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import { endpointUrl, startEndpointProcess } from '../../src/lab/endpoint-process.ts'
import { createNetwork } from '../../src/lab/network.ts'
import { poll } from '../../src/lab/poll.ts'
import { type LabNode, nodes, VIP } from '../../src/lab/scene.ts'
import { setUpScript } from '../support/cloud-init.ts'
import { evaluate, readTemplate, userDataOf } from '../support/cloudformation.ts'
import { config as parsedConfig } from '../support/parsed-config.ts'
import { type Requirement, requires } from '../support/requires.ts'
import { evaluateModule } from '../support/terraform.ts'
import { bin, first, second } from './case.ts'
import { type Machine, startMachine } from './machine.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEADLINE_MS = 20_000
const PACKAGE_URL = 'https://example.com/vip-switch.deb'

type Example = {
  readonly name: string
  /** What a node runs at its first boot. */
  scriptOf(node: LabNode, sha256: string): string
  /** What its role may do. */
  policy(): unknown
  readonly needs?: Requirement
  /** Whether somebody waits for the outcome. */
  readonly tells: boolean
}

const template = readTemplate()
const stackOf = (sha256: string) => ({
  refs: {
    ...{ PackageUrl: PACKAGE_URL, PackageSha256: sha256, AllUp: 'https://example.com/done?a=1&b=2' },
    ...{ 'AWS::AccountId': '123456789012', 'AWS::Partition': 'aws' },
    ...{ 'AWS::Region': 'ap-northeast-1', 'AWS::URLSuffix': 'amazonaws.com' },
  },
  attributes: {
    'InterfaceA.PrimaryPrivateIpAddress': first.address,
    'InterfaceB.PrimaryPrivateIpAddress': second.address,
  },
})

const moduleOf = (sha256: string) => ({
  variables: { package_url: PACKAGE_URL, package_sha256: sha256 },
  locals: {
    arn: 'arn:aws:ec2:ap-northeast-1:123456789012',
    addresses: { a: first.address, b: second.address },
    agent_releases: 'https://example.com/agent',
  },
})

/** What the example's settings come to. */
const OF_CLOUD_INIT = `
  cluster: pair
  instances: { VI_1: { vips: [10.99.0.10], routeTables: [{ name: private-a }, { name: private-c }] } }`

const EXAMPLES: readonly Example[] = [
  {
    name: 'cloudformation',
    scriptOf: (_, sha256) => userDataOf(template, stackOf(sha256)),
    policy: () => policyIn(evaluate(template.Resources.Role?.Properties.Policies, template, stackOf(''))),
    tells: true,
  },
  {
    name: 'terraform',
    needs: 'terraform',
    scriptOf: (node, sha256) => evaluateModule(moduleOf(sha256)).user_data[node === first ? 'a' : 'b'],
    policy: () => evaluateModule(moduleOf('0'.repeat(64))).policy,
    tells: false,
  },
  {
    name: 'cloud-init',
    scriptOf: ({ name, priority }, sha256) =>
      setUpScript({
        ...{ package_url: PACKAGE_URL, package_sha256: sha256, route_tables: 'private-a private-c' },
        ...{ peer: name === first.name ? second.address : first.address, priority: `${priority}` },
      }),
    policy: () =>
      policiesOf(parsedConfig(OF_CLOUD_INIT), { region: 'ap-northeast-1', account: '123456789012' }).instance,
    tells: false,
  },
]

function policyIn(policies: unknown): unknown {
  const [{ PolicyDocument } = { PolicyDocument: undefined }] = Array.isArray(policies) ? policies : []
  return PolicyDocument
}

/** The lab's VPC, whose tables have the tag by which the examples choose them, and no VIP yet. */
function seedWith(policy: unknown): Seed {
  const { lab } = defaultSeed.vpcs
  if (!lab) throw new Error('the default seed has no VPC named lab')
  const tables = Object.entries(lab.routeTables ?? {}).map(([name, table]) => {
    const isPrivate = name.startsWith('private')
    return [name, isPrivate ? { ...table, tags: { 'vip-switch': 'pair' }, routes: {} } : table]
  })
  return {
    ...defaultSeed,
    vpcs: { lab: { ...lab, routeTables: Object.fromEntries(tables) } },
    policies: { 'arn:aws:iam::123456789012:role/lab-node': policySchema.parse(policy) },
  }
}

/** What a fresh Debian has and these machines do not: its mirrors, a network to download from, and systemd. */
const STANDINS = {
  'apt-get': `#!/bin/sh
    echo "apt-get $*" >> /root/asked
    for last; do :; done
    if [ "$last" != /tmp/vip-switch.deb ]; then exit 0; fi
    cp "$last" /root/package.tgz
    npm install --global --silent /root/package.tgz
    ln -s "$(command -v vip-switch)" /usr/bin/vip-switch
    useradd --system --shell /usr/sbin/nologin keepalived_script
    install --directory --owner keepalived_script --group keepalived_script /run/vip-switch/hooks`,
  curl: `#!/bin/sh
    while [ $# -gt 0 ]; do
      case "$1" in
        --data-binary) echo "$2" >> /root/told ;;
        --output) cp /root/download "$2" ;;
        http*) echo "curl $1" >> /root/asked ;;
      esac
      shift
    done`,
  systemctl: `#!/bin/sh
    echo "systemctl $*" >> /root/asked`,
}

async function bareMachine(machine: Machine, archive: Buffer, mac: string): Promise<void> {
  await machine.run('cat > /root/download', archive)
  for (const [name, text] of Object.entries(STANDINS)) {
    await machine.run(`cat > /usr/local/sbin/${name} && chmod +x /usr/local/sbin/${name}`, text)
  }
  await machine.run('rm -rf /etc/keepalived/keepalived.conf /etc/vip-switch /usr/bin/vip-switch')
  // The address by which EC2 knows the interface.
  await machine.run(`ip link set eth0 address ${mac}`)
}

describe.each(EXAMPLES)('the user data of $name', { timeout: 120_000 }, ({ scriptOf, policy, needs, tells }) => {
  const isMissing = needs !== undefined && !requires(needs)

  test.skipIf(isMissing || !requires('shellcheck'))('is a script that shellcheck finds nothing in', async () => {
    const run = execa('shellcheck', ['-'], { input: scriptOf(first, '0'.repeat(64)), reject: false })
    const { exitCode, stdout } = await run
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
  })

  test.skipIf(isMissing || !requires('keepalived') || !requires('overlay'))(
    'makes a pair of two bare machines',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'vip-switch-user-data-'))
      const network = createNetwork(nodes)
      onTestFinished(() => {
        network.remove()
        rmSync(directory, { recursive: true })
      })
      await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { cwd: ROOT })
      const archive = readFileSync(join(directory, readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? ''))
      const seed = seedWith(policy())
      const region = buildRegion(seed)
      const control = await startEndpointProcess({ bin, network, directory, seed })
      const env = { AWS_ENDPOINT_URL: endpointUrl(network), npm_config_offline: 'true' }
      async function machineOf(node: LabNode): Promise<Machine> {
        const machine = await startMachine(network.namespaceOf(node), join(directory, node.name), env)
        const [own] = [...region.interfaces.values()].filter(({ addresses }) => addresses.includes(node.address))
        await bareMachine(machine, archive, own?.mac ?? '')
        return machine
      }
      const machines = await Promise.all(nodes.map(machineOf))

      for (const [index, machine] of machines.entries()) {
        const node = index === 0 ? first : second
        const write = (sha256: string) => machine.run('cat > /root/user-data', scriptOf(node, sha256))
        await write('0'.repeat(64))
        const refused = await machine.attempt('bash /root/user-data')
        expect(refused.exitCode).not.toBe(0)
        expect(refused.stderr).toContain('checksum did NOT match')
        await machine.run('! command -v /usr/bin/vip-switch && rm /root/asked')
        await write(createHash('sha256').update(archive).digest('hex'))
        await machine.run('bash /root/user-data')

        const asked = (await machine.run('cat /root/asked')).split('\n')
        expect(asked).toContain(`curl ${PACKAGE_URL}`)
        expect(asked.filter((line) => line.startsWith('systemctl'))).toEqual([
          'systemctl enable --now vip-switch-preflight@VI_1 vip-switch',
          'systemctl restart keepalived',
        ])
        if (tells) {
          const told = (await machine.run('cat /root/told')).split('\n').map((line): unknown => JSON.parse(line))
          expect(told).toEqual([
            expect.objectContaining({ Status: 'FAILURE', UniqueId: node.address }),
            expect.objectContaining({ Status: 'SUCCESS', UniqueId: node.address }),
          ])
        }
        const snippet = await machine.run('cat /etc/vip-switch/keepalived.conf')
        expect(snippet).toContain(`priority ${node.priority}\n`)
        await machine.run('vip-switch switch VI_1 --dry-run')
      }
      for (const machine of machines) {
        await (await machine.start('vip-switch reconcile')).line(/"msg":"started"/)
        await machine.start('keepalived --dont-fork --log-console')
      }
      const mine = [...region.interfaces.values()].find(({ addresses }) => addresses.includes(first.address))?.id
      await poll('both tables lead to the first node', DEADLINE_MS, async () => {
        const routes = (await control.routes()).filter(({ destination }) => destination === VIP)
        return (routes.length === 2 && routes.every(({ target }) => target === mine)) || undefined
      })
    },
  )
})
