/** Names of nodes and route tables for the daemon's log. They are nice to have: nothing waits for them. */
import type { Ec2 } from '../../adapters/ec2/client.ts'
import { describeTargets } from '../../adapters/ec2/operations/interfaces.ts'
import { isInstanceId } from '../../core/ids.ts'
import { explained, namesIn } from '../../core/names.ts'
import type { TargetFacts } from '../../core/route.ts'
import type { Clock } from '../../platform/clock.ts'
import { deadline } from '../../platform/clock.ts'
import type { DaemonStatus } from '../control/status.ts'
import type { InstanceReading } from '../node/reading.ts'

/** Milliseconds until names are asked for again after a failure: they may be denied for good. */
const RETRY_MS = 600_000
const PATIENCE_MS = 5000

export type Names = {
  /** Puts names beside the ids in a sentence, as far as they are known. */
  readonly explain: (text: string) => string
  /** What is known: nodes by ENI, and route tables. */
  seen(): Pick<DaemonStatus, 'nodes' | 'tables'>
  /** Learns the names of what a reading shows. */
  learn(reading: InstanceReading, ec2: Ec2): void
}

export function createNames(clock: Clock): Names {
  const tables = new Map<string, string | undefined>()
  /** By instance id. */
  const known = new Map<string, TargetFacts | undefined>()
  let holders: InstanceReading['holders'] = new Map()
  let facts: ReadonlyMap<string, TargetFacts> = new Map()
  let nameOf = namesIn({ facts })
  let isAsking = false
  let askAgainAt = Number.NEGATIVE_INFINITY

  function update(): void {
    facts = new Map([...holders].flatMap(([eni, id]) => (known.get(id) ? [[eni, known.get(id) ?? NOTHING]] : [])))
    nameOf = namesIn({ facts })
  }

  async function ask(ec2: Ec2, ids: readonly string[]): Promise<void> {
    isAsking = true
    try {
      const found = await describeTargets(ec2, [], ids.filter(isInstanceId), deadline(PATIENCE_MS))
      for (const id of ids) known.set(id, found.get(id))
      update()
    } catch {
      askAgainAt = clock.now() + RETRY_MS // The ids alone have to do, as if the nodes had no names.
    } finally {
      isAsking = false
    }
  }

  return {
    seen: () => ({
      nodes: [...holders.keys()].map((id) => ({ id, name: facts.get(id)?.name ?? null })),
      tables: Array.from(tables, ([id, name]) => ({ id, name: name ?? null })),
    }),
    explain: (text) => explained(text, nameOf, tables),
    learn({ selection, holders: seen }, ec2) {
      for (const { id, name } of selection.tables) tables.set(id, name)
      if (seen.size === 0) return
      holders = seen
      update()
      const unknown = [...new Set(seen.values())].filter((id) => !known.has(id))
      if (unknown.length > 0 && !isAsking && clock.now() >= askAgainAt) void ask(ec2, unknown)
    },
  }
}

const NOTHING: TargetFacts = { instance: undefined, name: undefined, zone: undefined }
