/** Durations as people write them: `200ms`, `5s`, `10m`, `2h`. */

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Limits of a duration, in milliseconds. */
export type Bounds = { readonly least: number; readonly most: number }

/** Describes what is allowed. */
export function durationForm({ least, most }: Bounds): string {
  return `a number and a unit (ms, s, m or h), from ${durationText(least)} to ${durationText(most)}`
}

/** Parses a duration to milliseconds; undefined if invalid or zero. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(digits) * (UNITS[unit ?? ''] ?? Number.NaN)
  return ms > 0 ? ms : undefined
}

/** Parses a duration within the bounds, else returns undefined. */
export function boundedDuration(text: string, { least, most }: Bounds): number | undefined {
  const ms = parseDuration(text)
  return ms !== undefined && ms >= least && ms <= most ? ms : undefined
}

/** Formats milliseconds in the largest unit that divides them: 90 s is `90s`, 60 s is `1m`. */
export function durationText(ms: number): string {
  const [unit] = Object.entries(UNITS).findLast(([, length]) => ms % length === 0) ?? ['ms']
  return `${ms / (UNITS[unit] ?? 1)}${unit}`
}
