/** The interfaces that entries are about, to look up their names. */
import { type EniId, isEniId } from '../core/ids.ts'
import type { AnyEntry } from './entry.ts'

/** Each once, in order of appearance. */
export function eniIdsIn(entries: readonly AnyEntry[]): EniId[] {
  const found = entries.flatMap((entry) => JSON.stringify(entry).match(/eni-[0-9a-f]+/g) ?? [])
  return [...new Set(found)].filter(isEniId)
}
