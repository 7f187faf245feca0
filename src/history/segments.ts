/**
 * The history's files. The newest is appended to until it is full, and is then renamed, to a name that no other process
 * uses: so processes that rotate at the same time take no lines from each other, and no lock is needed.
 */

export const NEWEST = 'history.jsonl'
export const FULL_BYTES = 1024 * 1024
/** Of all files but the newest. */
export const MOST_BYTES = 3 * 1024 * 1024
/** Far more than rotations at the same time leave behind. */
export const MOST_FILES = 100

const OLDER = /^history-(\d{1,15})-\d{1,10}\.jsonl$/

export type Segment = { readonly name: string; readonly bytes: number }

export function isSegment(name: string): boolean {
  return name === NEWEST || OLDER.test(name)
}

/** A full file's new name. @param at milliseconds since the epoch */
export function segmentName(at: number, pid: number): string {
  return `history-${at}-${pid}.jsonl`
}

/** The newest first. */
export function newestFirst(names: readonly string[]): string[] {
  const rotatedAt = (name: string) => Number(OLDER.exec(name)?.[1] ?? Number.POSITIVE_INFINITY)
  return names.filter(isSegment).sort((a, b) => (rotatedAt(a) === rotatedAt(b) ? 0 : rotatedAt(b) - rotatedAt(a)))
}

/** The oldest files, as far as all are too many or too long. */
export function superfluous(segments: readonly Segment[]): string[] {
  const bytesOf = new Map(segments.map(({ name, bytes }) => [name, bytes]))
  const older = newestFirst([...bytesOf.keys()]).filter((name) => name !== NEWEST)
  let total = 0
  return older.filter((name, index) => {
    total += bytesOf.get(name) ?? 0
    return total > MOST_BYTES || index >= MOST_FILES
  })
}
