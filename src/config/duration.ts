/** Durations as people write them: `200ms`, `5s`, `10m`, `2h`. */

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** How short and how long a duration may be, in milliseconds. */
export type Bounds = { readonly least: number; readonly most: number }

/** What is allowed, for people. */
export function durationForm({ least, most }: Bounds): string {
  return `a number and a unit (ms, s, m or h), from ${durationText(least)} to ${durationText(most)}`
}

/** Milliseconds of a duration, or undefined if the text is none. Zero is none. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(digits) * (UNITS[unit ?? ''] ?? Number.NaN)
  return ms > 0 ? ms : undefined
}

/** The same, where it is within the bounds. */
export function boundedDuration(text: string, { least, most }: Bounds): number | undefined {
  const ms = parseDuration(text)
  return ms !== undefined && ms >= least && ms <= most ? ms : undefined
}

/** The text of a duration in milliseconds, in the largest unit in which it is whole: 90 s is `90s`, 60 s is `1m`. */
export function durationText(ms: number): string {
  const [unit] = Object.entries(UNITS).findLast(([, length]) => ms % length === 0) ?? ['ms']
  return `${ms / (UNITS[unit] ?? 1)}${unit}`
}
