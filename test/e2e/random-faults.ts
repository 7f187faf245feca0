/** One round of faults: drawn from a seed, then played on a case. */
import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { signalIfAlive } from '../../src/lab/cleanup.ts'
import type { LabNode } from '../../src/lab/scene.ts'
import type { Random } from '../simulation/random.ts'
import { first, second } from './case.ts'
import type { DaemonCase } from './daemon-case.ts'
import { deafen, type End, swallowEc2 } from './faults.ts'

const KINDS = [
  'hears no VRRP',
  'and the other hear no VRRP',
  'reaches no EC2',
  'link down',
  'frozen',
  'keepalived killed',
  'daemon killed',
  'keepalived and daemon killed',
  'keepalived reloaded',
  'daemon reloaded',
  'priority lowered',
] as const

export type Fault = {
  readonly kind: (typeof KINDS)[number]
  readonly node: LabNode
  /** Milliseconds since the round began. */
  readonly from: number
  readonly to: number
}

export type Round = {
  readonly faults: readonly Fault[]
  /** A node whose keepalived stays dead until the next round. */
  readonly leftDead: LabNode | undefined
}

export function drawRound(random: Random): Round {
  const count = random.int(1, 2)
  const faults = Array.from({ length: count }, (): Fault => {
    const from = random.int(0, 800)
    return { kind: random.pick(KINDS), node: random.pick([first, second]), from, to: from + random.int(300, 2500) }
  })
  return { faults, leftDead: random.chance(0.25) ? random.pick([first, second]) : undefined }
}

export function roundText({ faults, leftDead }: Round): string {
  const texts = faults.map(({ kind, node, from, to }) => `${node.name} ${kind} ${from}–${to} ms`)
  return [...texts, ...(leftDead ? [`keepalived of ${leftDead.name} left dead`] : [])].join(', ')
}

/** Plays rounds on a case whose nodes are up. Of faults that overlap, the first one's end may start what both have killed. */
export class Playground {
  readonly #lab: DaemonCase
  readonly #dead = { keepalived: new Set<LabNode>(), daemon: new Set<LabNode>() }

  constructor(lab: DaemonCase) {
    this.#lab = lab
  }

  /** The nodes whose keepalived runs. */
  get alive(): LabNode[] {
    return [first, second].filter((node) => !this.#dead.keepalived.has(node))
  }

  /** Plays a round; when it is over, every fault has ended but for a keepalived that is left dead. */
  async play({ faults, leftDead }: Round): Promise<void> {
    await Promise.all([this.#revive(), ...faults.map((fault) => this.#playFault(fault))])
    await this.#revive()
    if (leftDead) await this.#kill('keepalived', leftDead)
  }

  async #playFault({ kind, node, from, to }: Fault): Promise<void> {
    await sleep(from)
    const end = await this.#begin(kind, node)
    await sleep(to - from)
    await end()
  }

  async #begin(kind: Fault['kind'], node: LabNode): Promise<End | (() => Promise<void>)> {
    const { network, cluster } = this.#lab
    switch (kind) {
      case 'hears no VRRP':
        return deafen(network, node)
      case 'and the other hear no VRRP': {
        const ends = [first, second].map((each) => deafen(network, each))
        return () => {
          for (const end of ends) end()
        }
      }
      case 'reaches no EC2':
        return swallowEc2(network, node)
      case 'link down':
        network.setLink(node, 'down')
        return () => network.setLink(node, 'up')
      case 'frozen': {
        const pids = [cluster.keepalivedOf(node).log.pid, cluster.daemonOf(node).process.pid]
        for (const pid of pids) signalIfAlive(-pid, 'SIGSTOP')
        return () => {
          for (const pid of pids) signalIfAlive(-pid, 'SIGCONT')
        }
      }
      case 'keepalived killed':
        await this.#kill('keepalived', node)
        return () => this.#start('keepalived', node)
      case 'daemon killed':
        await this.#kill('daemon', node)
        return () => this.#start('daemon', node)
      case 'keepalived and daemon killed':
        await Promise.all([this.#kill('keepalived', node), this.#kill('daemon', node)])
        return () => this.#revive()
      case 'keepalived reloaded':
        signalIfAlive(cluster.keepalivedOf(node).log.pid, 'SIGHUP')
        return () => {}
      case 'daemon reloaded':
        signalIfAlive(cluster.daemonOf(node).process.pid, 'SIGHUP')
        return () => {}
      case 'priority lowered':
        writeFileSync(this.#lab.loweringFile(node), '')
        return () => rmSync(this.#lab.loweringFile(node), { force: true })
    }
  }

  async #kill(what: 'keepalived' | 'daemon', node: LabNode): Promise<void> {
    this.#dead[what].add(node)
    await (what === 'keepalived' ? this.#lab.cluster.keepalivedOf(node) : this.#lab.cluster.daemonOf(node)).kill()
  }

  async #start(what: 'keepalived' | 'daemon', node: LabNode): Promise<void> {
    if (!this.#dead[what].delete(node)) return
    await (what === 'keepalived' ? this.#lab.cluster.start(node) : this.#lab.cluster.startDaemon(node))
  }

  async #revive(): Promise<void> {
    const dead = [...this.#dead.keepalived].map((node) => this.#start('keepalived', node))
    await Promise.all([...dead, ...[...this.#dead.daemon].map((node) => this.#start('daemon', node))])
  }
}
