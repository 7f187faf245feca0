/** Upgrade, downgrade, removal and purge of the .deb, on a pair that is running and has a client. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { signalIfAlive } from '../../src/lab/cleanup.ts'
import { type LoggedProcess, startLogged } from '../../src/lab/logged-process.ts'
import { inNamespace, type Network } from '../../src/lab/network.ts'
import { type Base, type Container, installBase } from './container.ts'
import { built, earlierVersion } from './debs.ts'
import { bootPair, CLIENT, isWell, setUp } from './pair.ts'

const deb = built('.deb')
const earlier = earlierVersion(deb)
const VIP = '10.99.0.10'

let base: Base
beforeAll(async () => {
  base = await installBase('bookworm')
})
afterAll(() => {
  base.remove()
  earlier.remove()
})

/** A client that sends to the VIP 20 times a second. */
async function startClient(network: Network): Promise<LoggedProcess> {
  const ping = ['ping', '-n', '-i', '0.05', VIP]
  const client = await startLogged(inNamespace(network.namespaceOf(CLIENT), ping), { PATH: process.env.PATH })
  onTestFinished(() => client.kill())
  await client.line(/bytes from/)
  return client
}

/** What it has sent and received. */
async function stopClient(client: LoggedProcess): Promise<{ sent: number; received: number }> {
  signalIfAlive(client.pid, 'SIGINT')
  const { text } = await client.line(/packets transmitted/)
  const [, sent, received] = /^(\d+) packets transmitted, (\d+) received/.exec(text) ?? []
  return { sent: Number(sent), received: Number(received) }
}

const processOf = (machine: Container) => machine.run('systemctl show vip-switch --property MainPID --value')
const versionOn = (machine: Container) => machine.run("dpkg --status vip-switch | sed -n 's/^Version: //p'")

test('an upgrade and a downgrade of a running pair move no route and lose no packet', async () => {
  const pair = await bootPair(base, earlier.path)
  const { machines, network, control } = pair
  await setUp(pair, basename(earlier.path))
  await expect.poll(pair.owners).toEqual(['db-1'])
  for (const machine of machines) {
    await isWell(machine)
    await machine.run(`cat > ${basename(deb)}`, readFileSync(deb))
  }
  const client = await startClient(network)
  const since = Date.now()
  for (const archive of [deb, earlier.path]) {
    const [one, two] = machines
    for (const machine of [two, one]) {
      const before = await processOf(machine)
      await machine.run(`apt-get install --yes --allow-downgrades ./${basename(archive)}`)
      expect(await processOf(machine)).not.toBe(before)
      await isWell(machine)
      expect((await versionOn(machine)) === earlier.version).toBe(archive === earlier.path)
    }
  }
  const writes = (await control.requests()).filter(
    ({ action, at, params }) =>
      at >= since && params.DryRun === undefined && /^(Create|Replace|Delete)Route$/.test(action),
  )
  expect(writes).toEqual([])
  const { sent, received } = await stopClient(client)
  process.stdout.write(`  upgrade and downgrade of both nodes: ${received} of ${sent} packets answered\n`)
  expect(sent).toBeGreaterThan(100)
  expect(received).toBe(sent)
})

test('removal keeps the config, purge does not, and every script may run twice', async () => {
  const pair = await bootPair(base, deb)
  const [machine] = pair.machines
  await setUp(pair, basename(deb))
  await isWell(machine)

  await machine.run('/var/lib/dpkg/info/vip-switch.postinst configure "$(vip-switch --version)"')
  await isWell(machine)

  await machine.run('apt-get remove --yes vip-switch')
  expect((await machine.attempt('systemctl is-active vip-switch')).stdout).toBe('inactive')
  expect((await machine.attempt('ls /usr/lib/vip-switch /usr/bin/vip-switch')).stdout).toBe('')
  expect(await machine.run('ls /etc/vip-switch')).toContain('config.yaml')

  await machine.run(`apt-get install --yes ./${basename(deb)}`)
  await isWell(machine)

  await machine.run('apt-get purge --yes vip-switch')
  await machine.run('dpkg --purge vip-switch')
  const left = 'find / -xdev -path /proc -prune -o -name "*vip-switch*" -not -path "/root/*" -print'
  expect(await machine.run(left)).toBe('')
})
