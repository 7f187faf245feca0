/** What a node's `vip-switch history` tells after a round. */
import { join } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { configOf, stateOf } from '../../src/lab/hook.ts'
import { inNamespace } from '../../src/lab/network.ts'
import type { LabNode } from '../../src/lab/scene.ts'
import { bin, type Case } from './case.ts'

const entrySchema = z.looseObject({ at: z.iso.datetime(), by: z.string(), kind: z.string() })
const historySchema = z.object({ version: z.literal(1), entries: z.array(entrySchema) })

export type HistoryEntry = z.infer<typeof entrySchema>

/** Every entry of a node's history since a moment (milliseconds since the epoch). */
export async function historyOf(lab: Case, node: LabNode, since = 0): Promise<HistoryEntry[]> {
  const { entries } = historySchema.parse(JSON.parse(await tellHistory(lab, node, '--json')))
  return entries.filter(({ at }) => Date.parse(at) >= since)
}

/** As people read it. */
export async function tellHistory(lab: Case, node: LabNode, ...options: readonly string[]): Promise<string> {
  const directory = join(lab.directory, node.name)
  const place = ['--config', configOf(directory), '--state-dir', stateOf(directory)]
  const command = [process.execPath, bin, 'history', ...options, ...place]
  const [file, ...rest] = inNamespace(lab.network.namespaceOf(node), command)
  const { env } = lab.cluster.hookOf(node)
  return (await execa(file, rest, { env, extendEnv: false })).stdout
}

/** The gist of entries, one by one; a decision with the condition of the last one is left out. */
export function happened(entries: readonly HistoryEntry[]): string[] {
  let condition: unknown
  return entries.flatMap((entry) => {
    const isNews = entry.kind !== 'decision' || entry.condition !== condition
    if (entry.kind === 'decision') condition = entry.condition
    return isNews ? [gistOf(entry)] : []
  })
}

function gistOf(entry: HistoryEntry): string {
  switch (entry.kind) {
    case 'transition':
      return `${entry.from} → ${entry.to}, ${entry.cause}`
    case 'decision':
      return `${entry.condition}`
    case 'writes':
      return `${entry.accepted} written after the ${entry.since}`
    case 'confirmed':
      return `${entry.routes} confirmed`
    case 'proof':
      return 'a lower master'
    default:
      return entry.kind
  }
}
