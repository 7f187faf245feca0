/** `vip-switch keepalived-config`, and what the real keepalived says of what it prints. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { actionsOf, environmentFor, PROGRAM, runProgram } from '../../../support/cli.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { INSTALLED, verdictOfKeepalived } from '../../../support/keepalived-verdict.ts'
import { eniOf, idOf } from '../../../support/node.ts'
import { requires } from '../../../support/requires.ts'

startEndpointForEachTest()

const VIPS = 'vips: [10.99.0.10], routeTables: [rtb-0a]'
const KNOWN = ['--interface', 'eth0', '--source', '10.0.1.11', '--peer', '10.0.2.12', '--priority', '150']

async function run(values: readonly string[], { instances = `VI_1: { ${VIPS} }`, env = {} } = {}) {
  const path = join(directory, 'config.yaml')
  writeFileSync(path, `{ cluster: db, instances: { ${instances} } }`)
  const result = await runProgram(['keepalived-config', '--config', path, ...values], environmentFor(endpoint, env))
  return { ...result, stdout: result.stdout.replaceAll(PROGRAM, INSTALLED) }
}

/** The environment of a node, whose interface this host calls `lo`. */
async function onNode(node: string): Promise<NodeJS.ProcessEnv> {
  const own = endpoint.region.interfaces.get(eniOf(node))
  if (own) own.mac = readFileSync('/sys/class/net/lo/address', 'utf8').trim()
  const { url } = await endpoint.startMetadata({ instanceId: idOf(node, 'i-') })
  return { AWS_EC2_METADATA_SERVICE_ENDPOINT: url }
}

function claim(node: string, text: string): void {
  const key = 'vip-switch:db:VI_1'
  endpoint.region.tags.get(eniOf(node))?.set(key, text) ?? endpoint.region.tags.set(eniOf(node), new Map([[key, text]]))
}

describe('the snippet', () => {
  test('is the one that the installation page shows', async () => {
    const page = readFileSync(new URL('../../../../docs/installation.md', import.meta.url), 'utf8')
    const [, shown = ''] = /^```\n(global_defs .*?)^```$/ms.exec(page) ?? []
    const { exitCode, stdout, stderr } = await run(['VI_1', ...KNOWN])
    expect(`${stdout.replaceAll(INSTALLED, '/usr/bin/vip-switch')}\n`).toBe(shown)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    // Nothing is asked for what is known.
    expect(endpoint.requests).toEqual([])
  })

  test('takes what it is not told from the instance and from the others’ claims', async () => {
    const env = await onNode('db-1')
    claim('db-1', 'MASTER prio=150 addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03Z')
    claim('db-2', 'BACKUP prio=100 addr=10.0.2.12 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03Z')
    const { stdout, stderr } = await run(['--priority', '150'], { env })
    expect(stdout).toMatch(/^ {2}interface lo$/m)
    expect(stdout).toMatch(/^ {2}unicast_src_ip 10\.0\.1\.11$/m)
    expect(stdout).toMatch(/^ {2}unicast_peer \{\n {4}10\.0\.2\.12\n {2}\}$/m)
    expect(stderr).toBe('')
    expect(actionsOf(endpoint)).toEqual(['DescribeNetworkInterfaces'])
  })

  test('speaks the family of the peers that it is told', async () => {
    const { stdout } = await run(['--peer', '2001:db8:10:2::12'], { env: await onNode('db-1') })
    expect(stdout).toMatch(/^ {2}unicast_src_ip 2001:db8:10:1::11$/m)
  })

  test('has placeholders for what nobody knows, and names each on stderr with its flag', async () => {
    const { exitCode, stdout, stderr } = await run([])
    expect(exitCode).toBe(0)
    for (const [placeholder, flag] of [
      ['INTERFACE', '--interface'],
      ['PRIORITY', '--priority'],
      ['ADDRESS-OF-THIS-NODE', '--source'],
      ['ADDRESS-OF-ANOTHER-NODE', '--peer'],
    ]) {
      expect(stdout).toContain(`${placeholder}  # fill in`)
      expect(stderr).toMatch(new RegExp(`^ {2}${placeholder} +${flag} +\\S`, 'm'))
    }
  })

  test('of a node that is the first says that no other has claimed yet', async () => {
    claim('db-1', 'MASTER prio=150 addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03Z')
    const { stderr } = await run(['--priority', '150'], { env: await onNode('db-1') })
    expect(stderr).toContain('no other node of db has published a claim about VI_1 yet')
  })
})

test.each([
  ['an address that is none', ['--source', '10.0.1']],
  ['addresses of two families', ['--source', '10.0.1.11', '--peer', '2001:db8::1']],
  ['members of no group', ['--member', 'VI_1']],
  ['a member’s name that is none', ['VI_1', '--member', 'a"b']],
  ['a priority that VRRP does not know', ['--priority', '256']],
  ['more router ids than there are', ['VI_1', '--virtual-router-id', '255', '--member', 'A', '--member', 'B']],
  ['an instance that is not in the config', ['VI_2']],
])('%s is refused', async (_, values) => {
  const { exitCode, stdout } = await run(values)
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
})

describe.skipIf(!requires('keepalived'))('the real keepalived', () => {
  test.each([
    ['one VIP', `VI_1: { ${VIPS} }`, KNOWN],
    ['VIPs of both families', 'VI_1: { vips: [10.99.0.10, "2001:db8:99::10"], routeTables: [rtb-0a] }', KNOWN],
    ['IPv6 VIPs alone', 'VI_1: { vips: ["2001:db8:99::10"], routeTables: [rtb-0a] }', KNOWN],
    [
      'nodes that speak IPv6',
      `VI_1: { ${VIPS} }`,
      ['--interface', 'eth0', '--source', 'fd00::1', '--peer', 'fd00::2', '--priority', '1'],
    ],
    ['a prefix list and the default route', 'VI_1: { vips: [pl-0a, 0.0.0.0/0], routeTables: [rtb-0a] }', KNOWN],
    [
      'two instances, one with an odd name',
      `VI_1: { ${VIPS} }, "b a": { vips: [10.98.0.0/24], routeTables: [rtb-0a] }`,
      KNOWN,
    ],
    ['a sync group', `VG_1: { ${VIPS} }`, ['VG_1', '--member', 'VI_1', '--member', 'VI_2', ...KNOWN]],
    ['three nodes', `VI_1: { ${VIPS} }`, [...KNOWN, '--peer', '10.0.3.13']],
  ])('accepts %s', async (_, instances, values) => {
    const { stdout } = await run(values, { instances })
    expect(await verdictOfKeepalived(stdout)).toEqual({ exitCode: 0, said: '' })
  })

  test.each([
    ['IPv4', '10.0.1.11', '10.0.2.12'],
    ['IPv6', 'fd00::1', 'fd00::2'],
  ])('accepts whatever is printed for %s nodes, with the gaps filled in', async (_, own, peer) => {
    for (const vips of ['10.99.0.10', '"2001:db8:99::10"', '10.99.0.10, "2001:db8:99::10"']) {
      for (const values of [
        ['--source', own],
        ['--peer', peer],
        ['--source', own, '--peer', peer],
      ]) {
        const { stdout } = await run(values, { instances: `VI_1: { vips: [${vips}], routeTables: [rtb-0a] }` })
        const filled = stdout
          .replace('INTERFACE  # fill in', 'eth0')
          .replace('ADDRESS-OF-THIS-NODE  # fill in', own)
          .replace('ADDRESS-OF-ANOTHER-NODE  # fill in', peer)
          .replace('PRIORITY  # fill in', '150')
        const verdict = await verdictOfKeepalived(filled)
        expect({ vips, values, ...verdict }).toEqual({ vips, values, exitCode: 0, said: '' })
      }
    }
  })

  test('refuses each placeholder', async () => {
    const { stdout } = await run([])
    const { exitCode, said } = await verdictOfKeepalived(stdout)
    expect(exitCode).not.toBe(0)
    expect(said).toContain('interface INTERFACE for vrrp_instance VI_1 doesn')
    expect(said).toContain("invalid number 'PRIORITY'")
    expect(said).toContain('malformed src address[ADDRESS-OF-THIS-NODE]')
    expect(said).toContain('malformed unicast peer address[ADDRESS-OF-ANOTHER-NODE]')
  })
})
