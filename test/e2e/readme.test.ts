/** What the README says, done as it says it, on two machines with nothing of vip-switch on them: it ends with a doctor that is content. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { policySchema } from '../../src/lab/ec2/iam/policy.ts'
import { defaultSeed } from '../../src/lab/ec2/seed/default.ts'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import { ENDPOINT_URL, startEndpointProcess } from '../../src/lab/endpoint-process.ts'
import { createNetwork } from '../../src/lab/network.ts'
import { poll } from '../../src/lab/poll.ts'
import { nodes, VIP } from '../../src/lab/scene.ts'
import { requires } from '../requires.ts'
import { bin } from './case.ts'
import { type Machine, startMachine } from './machine.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const ACCOUNT = '123456789012'
/** Which table of the lab has the id that the README's config names. */
const [NAMED, ID] = ['private-a', 'rtb-0aaaaaaaaaaaaaaaa']
const DEADLINE_MS = 20_000

/** A text of the README, by what is in it. */
function inReadme(pattern: RegExp): string {
  const [, text] = pattern.exec(readme) ?? []
  if (text === undefined) throw new Error(`the README has nothing like ${pattern}`)
  return text
}

const config = inReadme(/^```yaml\n(cluster: .*?)^```/ms)
const keepalivedConf = inReadme(/^```\n(global_defs .*?)^```/ms)
const install = inReadme(/^ {4}(npm install --global \S+)/m)
const usersAndUnits = inReadme(/^ {4}(sudo useradd .*\n {4}sudo cp .*)$/m).replaceAll(/^ *sudo /gm, '')

/** The VPC of the lab before anything of the README was done but its steps 1 and 2. */
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

/** A setting of a unit. */
const setting = (unit: string, name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? ''

/** What systemd does with the units: there is none in a namespace. */
async function enableUnits(machine: Machine) {
  const preflight = await machine.run('cat /etc/systemd/system/vip-switch-preflight@.service')
  const [user, mode] = [setting(preflight, 'User'), setting(preflight, 'RuntimeDirectoryMode')]
  await machine.run(`install --directory --owner ${user} --group ${user} --mode ${mode} /run/vip-switch`)
  await machine.run(
    `setpriv --reuid ${user} --regid ${user} --init-groups ${setting(preflight, 'ExecStart').replace('%I', 'VI_1')}`,
  )
  const daemon = await machine.run('cat /etc/systemd/system/vip-switch.service')
  const started = await machine.start(
    `setpriv --regid ${setting(daemon, 'Group')} --clear-groups ${setting(daemon, 'ExecStart')}`,
  )
  await started.line(/"msg":"started"/)
}

describe.skipIf(!requires('keepalived') || !requires('overlay'))('the README', { timeout: 120_000 }, () => {
  it('leads from npm install to a doctor that finds all well', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vip-switch-readme-'))
    const network = createNetwork(nodes)
    onTestFinished(() => {
      network.remove()
      rmSync(directory, { recursive: true })
    })
    await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { cwd: ROOT })
    const archive = readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? ''
    expect(install).toBe(`npm install --global ${archive}`)

    // Step 5; the role has this policy, and no other.
    writeFileSync(join(directory, 'config.yaml'), config)
    const policyOf = ['iam-policy', '--account', ACCOUNT, '--config', join(directory, 'config.yaml')]
    const { stdout } = await execa(bin, policyOf, { env: { AWS_REGION: 'ap-northeast-1' } })
    const control = await startEndpointProcess({
      bin,
      namespace: network.cloud,
      directory,
      seed: seedOf(JSON.parse(stdout)),
    })

    const machines = await Promise.all(
      nodes.map(async (node, index) => {
        const env = { AWS_ENDPOINT_URL: ENDPOINT_URL, npm_config_offline: 'true', npm_config_update_notifier: 'false' }
        const machine = await startMachine(network.namespaceOf(node), join(directory, node.name), env)
        await machine.run(`cat > ${archive}`, readFileSync(join(directory, archive)))
        await machine.run(install)
        await machine.run('mkdir -p /etc/vip-switch && cat > /etc/vip-switch/config.yaml', config)
        const program = (await machine.run('command -v vip-switch')).trim()
        const [address, peer] = index === 0 ? ['10.0.1.11', '10.0.2.12'] : ['10.0.2.12', '10.0.1.11']
        const conf = keepalivedConf
          .replaceAll('/usr/bin/vip-switch', program)
          .replace(/unicast_src_ip .*/, `unicast_src_ip ${address}`)
          .replace(/unicast_peer \{[^}]*\}/, `unicast_peer {\n    ${peer}\n  }`)
          .replace('priority 150', `priority ${node.priority}`)
        await machine.run('mkdir -p /etc/keepalived && cat > /etc/keepalived/keepalived.conf', conf)
        await machine.run(usersAndUnits)
        await machine.run(`sed -i 's|/usr/bin/vip-switch|${program}|' /etc/systemd/system/vip-switch*.service`)
        await enableUnits(machine)
        await machine.start('keepalived --dont-fork --log-console')
        return machine
      }),
    )

    const routes = () => control.routes().then((all) => all.filter(({ destination }) => destination === VIP))
    await poll('both tables have the route', DEADLINE_MS, async () => (await routes()).length === 2 || undefined)
    for (const machine of machines) {
      // The other's claim may be on its way.
      await poll(
        'the doctor finds all well',
        DEADLINE_MS,
        async () => (await machine.attempt('vip-switch doctor')).exitCode === 0 || undefined,
      )
      expect((await machine.run('vip-switch doctor')).split('\n').at(-1)).toBe('22 ok')
    }
  })
})
