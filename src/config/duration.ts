/** Durations as people write them: `200ms`, `5s`, `10m`, `2h`. */

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

export const DURATION_FORM = 'a number and a unit, such as 200ms, 5s, 10m or 2h'

/** Milliseconds of a duration, or undefined if the text is none. Zero is none. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(digits) * (UNITS[unit ?? ''] ?? Number.NaN)
  return ms > 0 ? ms : undefined
}

/** The text of a duration in milliseconds, in the largest unit in which it is whole: 90 s is `90s`, 60 s is `1m`. */
export function durationText(ms: number): string {
  const [unit] = Object.entries(UNITS).findLast(([, length]) => ms % length === 0) ?? ['ms']
  return `${ms / (UNITS[unit] ?? 1)}${unit}`
}
