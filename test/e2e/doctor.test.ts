/** `vip-switch doctor` on two nodes with the real keepalived. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { configOf, stateOf } from '../../src/lab/hook.ts'
import { elected } from '../../src/lab/keepalived.ts'
import { inNamespace } from '../../src/lab/network.ts'
import { type LabNode, nodes, VRRP_INSTANCE } from '../../src/lab/scene.ts'
import { type JsonFinding, reportSchema } from '../support/doctor.ts'
import { requires } from '../support/requires.ts'
import { bin, first, second } from './case.ts'
import { type DaemonCase, raiseWithDaemons } from './daemon-case.ts'

/** Runs the doctor on a node. */
async function doctor(lab: DaemonCase, node: LabNode, ...flags: string[]) {
  const directory = join(lab.directory, node.name)
  const place = ['--config', configOf(directory), '--state-dir', stateOf(directory)]
  const command = [process.execPath, bin, 'doctor', ...place, ...flags]
  const [program, ...values] = inNamespace(lab.network.namespaceOf(node), command)
  const { env } = lab.cluster.hookOf(node)
  const run = await execa(program, values, { env, extendEnv: false, reject: false, stdin: 'ignore' })
  return { exitCode: run.exitCode, stdout: run.stdout, stderr: run.stderr }
}

/** What it finds there that is not well. */
async function problems(lab: DaemonCase, node: LabNode): Promise<JsonFinding[]> {
  const { stdout, stderr } = await doctor(lab, node, '--json')
  if (!stdout) throw new Error(stderr)
  return reportSchema.parse(JSON.parse(stdout)).findings.filter(({ verdict }) => verdict !== 'ok')
}

const told = (findings: readonly JsonFinding[]) =>
  findings.map(({ check, verdict, found }) => `${verdict} ${check}: ${found}`)

describe.skipIf(!requires('keepalived'))('the doctor', { timeout: 60_000 }, () => {
  it('finds a pair well, on both of its nodes', async () => {
    const lab = await raiseWithDaemons({ withHook: true })
    await lab.bothDaemonsUp()
    for (const node of nodes) {
      const { exitCode, stdout, stderr } = await doctor(lab, node)
      expect(stdout.split('\n').at(-1)).toBe('25 ok')
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    }
  })

  it('finds what goes wrong on a node, one after the other', async () => {
    const lab = await raiseWithDaemons({ withHook: true })
    await lab.bothDaemonsUp()
    // No hook runs any more, that would make its directory again.
    await lab.arrival(first)
    const directory = join(lab.directory, first.name)
    /** What is found with another keepalived.conf than the one that is live. */
    async function withConf(change: (well: string) => string, node = first) {
      const conf = join(lab.directory, node.name, 'keepalived.conf')
      const well = readFileSync(conf, 'utf8')
      writeFileSync(conf, change(well))
      const found = told(await problems(lab, node))
      writeFileSync(conf, well)
      return found
    }

    expect(await withConf((well) => well.replace(/^.*notify_master_rx.*\n/m, ''))).toEqual([
      expect.stringMatching(/^warn lower-priority: no notify_master_rx_lower_pri: without the daemon/),
    ])
    expect(await withConf((well) => well.replace('unicast_peer { 10.0.2.12 }', 'unicast_peer { 10.0.2.99 }'))).toEqual([
      'fail unicast: unicast_peer of VI_1 includes 10.0.2.99, which no interface of the VPC has',
      'fail unicast: unicast_peer of VI_1 lacks db-2 (10.0.2.12)',
    ])
    expect(await withConf((well) => well.replace('script_user root', 'script_user no-such-user'))).toEqual([
      'fail script-user: the user no-such-user does not exist',
      'unknown state-directory: the user no-such-user does not exist',
    ])

    expect(await withConf((well) => well.replace('10.99.0.10/32 dev lo', ''), second)).toEqual([
      expect.stringMatching(/^fail vip-on-host: 10\.99\.0\.10\/32 is not on any interface/),
    ])

    // What could not be parsed makes nothing wrong.
    expect(await withConf((well) => well.replace('10.99.0.10/32 dev lo', '$' + '{VIP}'), second)).toEqual([
      expect.stringMatching(/^unknown vip-on-host: .*cannot tell whether keepalived adds it: .*\{VIP\} has no value$/),
    ])
    expect(await withConf((well) => well.replace(/^vrrp_instance/m, '~SEQ(N, one) vrrp_instance'))).toEqual(
      ['vrrp-instance', 'unicast', 'events', 'lower-priority', 'script-user', 'state-directory'].map((check) =>
        expect.stringMatching(new RegExp(`^unknown ${check}: .*the part that could not be parsed: .*~SEQ`)),
      ),
    )

    await lab.cluster.daemonOf(first).stop()
    expect(told(await problems(lab, first))).toEqual([
      'warn daemon: not running: hooks move the routes, but nothing repairs them',
    ])
    rmSync(stateOf(directory), { recursive: true })
    expect(told(await problems(lab, first))).toEqual([
      `fail state-directory: root cannot find ${stateOf(directory)}: concurrent hooks cannot be ordered`,
      expect.stringContaining('warn daemon'),
    ])
    await lab.cluster.keepalivedOf(first).kill()
    const [keepalived] = await problems(lab, first)
    expect(keepalived).toMatchObject({
      check: 'keepalived',
      verdict: 'fail',
      found: expect.stringMatching(/^2\.\S+ is not running: /),
      mend: { command: 'sudo systemctl enable --now keepalived' },
    })
  })

  it('finds the other node by unicast_peer where it has never said anything', async () => {
    const lab = await raiseWithDaemons({ withHook: false })
    const [keepalived] = await Promise.all([lab.cluster.start(first), lab.cluster.start(second)])
    await elected(keepalived, VRRP_INSTANCE)
    await lab.cluster.startDaemon(first)
    await lab.says(first, { state: 'MASTER', condition: 'OK' })
    expect(told(await problems(lab, first))).toEqual([
      expect.stringMatching(/^warn members: db-2 \(eni-\w+, 10\.0\.2\.12\) has never published a claim$/),
      'warn events: no notify: without the daemon, no route moves',
      expect.stringMatching(/^warn lower-priority: /),
      'skipped script-user: no hook is known to call vip-switch',
      'skipped state-directory: no hook is known to call vip-switch',
    ])
  })
})
