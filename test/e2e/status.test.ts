/** What people and monitoring are told of a pair under the real keepalived, by either node. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { configOf } from '../../src/lab/hook.ts'
import { inNamespace } from '../../src/lab/network.ts'
import type { LabNode } from '../../src/lab/scene.ts'
import { requires } from '../support/requires.ts'
import { bin, first, second } from './case.ts'
import { type DaemonCase, raiseWithDaemons } from './daemon-case.ts'
import { deafen } from './faults.ts'

/** Runs a command of the program on the node. */
async function on(lab: DaemonCase, node: LabNode, ...values: string[]) {
  const config = configOf(join(lab.directory, node.name))
  const command = [process.execPath, bin, ...values, '--config', config]
  const [file, ...rest] = inNamespace(lab.network.namespaceOf(node), command)
  const { env } = lab.cluster.hookOf(node)
  const { exitCode, stdout } = await execa(file, rest, { env, extendEnv: false, reject: false })
  return { exitCode, stdout }
}

describe.skipIf(!requires('keepalived'))('either node tells', { timeout: 90_000 }, () => {
  it('how things stand: when all is well, in a split brain, and when a node is dead', async () => {
    const lab = await raiseWithDaemons()
    await lab.bothDaemonsUp()
    for (const node of [first, second]) {
      const { stdout } = await on(lab, node, 'status')
      expect(stdout).toContain(`on ${node.name}, daemon up\n\nVI_1  OK\n`)
      expect(stdout).toMatch(/db-1 +MASTER 150 .* owner$/m)
      expect(stdout).toMatch(/db-2 +BACKUP 100 /)
      expect(await on(lab, node, 'check')).toMatchObject({ exitCode: 0 })
    }

    const ends = [deafen(lab.network, first), deafen(lab.network, second)]
    await lab.says(first, { condition: 'SPLIT-BRAIN' })
    await lab.says(second, { condition: 'SPLIT-BRAIN' })
    for (const node of [first, second]) {
      const { stdout } = await on(lab, node, 'status')
      expect(stdout).toContain('VI_1  SPLIT-BRAIN\n')
      expect(stdout).toContain('allow IP protocol 112')
      expect(await on(lab, node, 'check')).toMatchObject({ exitCode: 2 })
    }
    for (const end of ends) end()
    await lab.says(second, { state: 'BACKUP', condition: 'OK' })
    await lab.says(first, { state: 'MASTER', condition: 'OK' })

    // Without its daemon, keepalived itself is asked, wherever its pid file is.
    await lab.cluster.daemonOf(first).kill()
    const pidFile = join(lab.directory, first.name, 'keepalived.pid')
    renameSync(pidFile, `${pidFile}.elsewhere`)
    const { stdout } = await on(lab, first, 'status')
    expect(stdout).toContain('(nothing is listening there): systemctl status vip-switch')
    expect(stdout).toMatch(/VI_1 {2}OK\n/)
    expect(stdout).toMatch(/db-1 +MASTER 150 .* owner$/m)
    expect(await on(lab, first, 'check')).toMatchObject({ exitCode: 1 })

    renameSync(`${pidFile}.elsewhere`, pidFile)
    // Whoever has watched for long enough knows that it is dead, though its claim says MASTER.
    await lab.cluster.keepalivedOf(first).kill()
    await lab.restored(second, Date.now())
    await lab.says(second, { state: 'MASTER', condition: 'OK' })
    const { stdout: later } = await on(lab, second, 'status')
    expect(later).toMatch(/VI_1 {2}OK\n {2}the daemon here: we are MASTER 100/)
    expect(later).toMatch(/db-1 +MASTER 150 .* no sign of life$/m)
    expect((await on(lab, second, 'metrics', '--format', 'prometheus')).stdout).toMatch(/^vip_switch_masters\{.*\} 1$/m)
    // By itself, the dead one knows better than its own tag.
    expect((await on(lab, first, 'status')).stdout).toMatch(/db-1 +STOP .* published as MASTER$/m)
  })
})
