/** Reads the history that processes of this host have kept. Other users may have written to some of its files. */
import * as z from 'zod'
import { NODE_STATES } from '../core/claim.ts'
import { CONDITIONS } from '../core/decide.ts'
import { isEniId } from '../core/ids.ts'
import type { LastTransition } from '../core/overview.ts'
import { CAUSES } from '../core/protocol/inputs-and-effects.ts'
import { keptFiles } from '../state/state-directory.ts'
import { type AnyEntry, type Entry, WRITERS } from './entry.ts'
import { MOST_FILES, newestFirst } from './segments.ts'
import { lastTransitionOf } from './timeline.ts'

export type History = {
  /** The oldest first. */
  readonly entries: readonly AnyEntry[]
  /** Files that could not be read, and why. */
  readonly unread: readonly string[]
}

const moment = z.string().transform((text, context) => {
  const at = Date.parse(text)
  if (Number.isNaN(at)) context.addIssue({ code: 'custom', message: 'not a time' })
  return at
})
const eni = z.string().refine(isEniId)
const head = {
  at: moment,
  by: z.enum(WRITERS),
  instance: z.string().nullable(),
  eni: eni.nullable(),
}
const count = z.number()
const since = z.enum(['event', 'decision'])
const happening = z.discriminatedUnion('kind', [
  z.object({
    ...head,
    kind: z.literal('transition'),
    from: z.enum(NODE_STATES),
    to: z.enum(NODE_STATES),
    priority: z.number().nullable(),
    cause: z.enum([...CAUSES, 'proof']).nullable(),
    found: z.boolean(),
  }),
  z.object({ ...head, kind: z.literal('priority'), from: z.number(), to: z.number() }),
  z.object({ ...head, kind: z.literal('proof') }),
  z.object({
    ...head,
    kind: z.literal('decision'),
    condition: z.enum(CONDITIONS),
    action: z.enum(['write', 'yield', 'none']),
    intended: eni.nullable(),
    reason: z.string(),
  }),
  z.object({
    ...head,
    kind: z.literal('writes'),
    accepted: count,
    failed: count,
    waiting: count,
    ended: count,
    ms: z.number().nullable(),
    since,
    routes: z.array(z.string()),
    takenFrom: z.array(z.string()),
    errors: z.array(z.string()),
  }),
  z.object({ ...head, kind: z.literal('confirmed'), routes: count, ms: z.number(), since }),
  z.object({ ...head, kind: z.literal('pinned'), to: eni, until: z.number() }),
  z.object({ ...head, kind: z.literal('unpinned'), from: eni }),
  z.object({ ...head, kind: z.literal('detail'), detail: z.string(), message: z.string(), isOver: z.boolean() }),
  z.object({
    ...head,
    kind: z.literal('daemon'),
    what: z.enum(['started', 'reloaded', 'rejected', 'stopped']),
    why: z.string().nullable(),
  }),
  z.object({
    ...head,
    kind: z.literal('by-hand'),
    command: z.enum(['switch', 'pin', 'unpin']),
    who: z.string(),
    to: eni.nullable(),
    until: z.number().nullable(),
    outcomes: z.record(z.string(), count),
  }),
]) satisfies z.ZodType<Entry>

/** An entry of another version, of which only this much is known. */
const strange = z.looseObject({ ...head, kind: z.string() })

/** @param directories where processes keep it */
export function readHistory(directories: readonly string[]): History {
  const files = [...new Set(directories)].flatMap((directory) =>
    keptFiles(directory, (names) => newestFirst(names).slice(0, MOST_FILES).reverse()),
  )
  const entries = files.flatMap((file) => ('text' in file ? entriesIn(file.text) : []))
  return {
    entries: entries.sort((a, b) => a.at - b.at),
    unread: files.flatMap((file) => ('unread' in file ? [file.unread] : [])),
  }
}

/** The last transition of each of these instances that has had one. */
export function readLastTransitions(
  directories: readonly string[],
  names: readonly string[],
): ReadonlyMap<string, LastTransition> {
  const { entries } = readHistory(directories)
  return new Map(
    names.flatMap((name) => {
      const last = lastTransitionOf(entries, name)
      return last ? [[name, last] as const] : []
    }),
  )
}

/** The entries of a file, whose last line may have been cut off by a crash or a full disk. */
export function entriesIn(text: string): AnyEntry[] {
  return text.split('\n').flatMap((line): AnyEntry[] => {
    const value = parsed(line)
    const known = happening.safeParse(value)
    if (known.success) return [known.data]
    const { success, data } = strange.safeParse(value)
    if (!success) return []
    const { at, by, instance, eni: own, ...rest } = data
    return [{ at, by, instance, eni: own, kind: 'unknown', text: JSON.stringify(rest) }]
  })
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
