/** Breaks nodes and heals them. */
import type { Cluster } from '../cluster.ts'
import { type LabNode, nodes } from '../scene.ts'
import type { Site, Way } from '../site.ts'
import { FAULTS, type Fault } from './keys.ts'

export type Faults = {
  of(node: LabNode): ReadonlySet<Fault>
  /** Makes a fault, or ends it; returns what was done, in a sentence. @throws an error with the reason if it cannot */
  toggle(node: LabNode, fault: Fault): Promise<string>
  /** Ends every fault; returns what was done, in sentences. @throws an error with the reason if it cannot */
  heal(): Promise<readonly string[]>
}

export function createFaults(cluster: Cluster, site: Site): Faults {
  /** Those that no process tells. */
  const made = new Map(nodes.map((node) => [node, new Set<Fault>()]))

  function has(node: LabNode, fault: Fault): boolean {
    if (fault === 'keepalived') return cluster.keepalivedOf(node).log.hasEnded()
    if (fault === 'daemon') return cluster.daemonOf(node).process.hasEnded()
    return made.get(node)?.has(fault) === true
  }

  function note(node: LabNode, fault: Fault, isMade: boolean): void {
    if (isMade) made.get(node)?.add(fault)
    else made.get(node)?.delete(fault)
  }

  function setCut(node: LabNode, way: Way, isCut: boolean): string {
    site.setCut(node, way, isCut)
    note(node, way, isCut)
    const what = way === 'adverts' ? `adverts to ${node.name} are` : `the way from ${node.name} to EC2 is`
    return `${what} ${isCut ? 'cut' : 'healed'}`
  }

  function setFrozen(node: LabNode, isFrozen: boolean): string {
    const processes = [cluster.keepalivedOf(node).log, cluster.daemonOf(node).process]
    for (const each of processes) each.signal(isFrozen ? 'SIGSTOP' : 'SIGCONT')
    note(node, 'freeze', isFrozen)
    return `${node.name} is ${isFrozen ? 'frozen (SIGSTOP)' : 'thawed (SIGCONT)'}`
  }

  async function setKilled(node: LabNode, program: 'keepalived' | 'daemon', isKilled: boolean): Promise<string> {
    // What is started would run, and the node be half frozen.
    if (has(node, 'freeze')) return `${node.name} is frozen: thaw it first`
    if (program === 'keepalived') await (isKilled ? cluster.keepalivedOf(node).kill() : cluster.start(node))
    else await (isKilled ? cluster.daemonOf(node).kill() : cluster.launchDaemon(node))
    return `${node.name}'s ${program} is ${isKilled ? 'killed (SIGKILL)' : 'started'}`
  }

  async function toggle(node: LabNode, fault: Fault): Promise<string> {
    const isMade = !has(node, fault)
    if (fault === 'freeze') return setFrozen(node, isMade)
    if (fault === 'keepalived' || fault === 'daemon') return setKilled(node, fault, isMade)
    return setCut(node, fault, isMade)
  }

  return {
    of: (node) => new Set(FAULTS.filter((fault) => has(node, fault))),
    toggle,
    async heal() {
      const done: string[] = []
      for (const node of nodes) {
        for (const fault of FAULTS) if (has(node, fault)) done.push(await toggle(node, fault))
      }
      return done
    },
  }
}
