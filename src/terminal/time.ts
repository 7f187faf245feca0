/** Formats times and durations for people. */

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

/** In the two largest units: `12 s`, `3 min 5 s`, `4 d 2 h`. Negative ages, from a clock that is ahead, are 0. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000)) * 1000
  const first = UNITS.findIndex(([, length]) => seconds >= length)
  if (first < 0) return '0 s'
  let rest = seconds
  const parts = UNITS.slice(first, first + 2).map(([unit, length]) => {
    const count = Math.floor(rest / length)
    rest %= length
    return count > 0 ? `${count} ${unit}` : ''
  })
  return parts.filter(Boolean).join(' ')
}

/** `2026-11-23 01:02:03Z`. @param ms since the epoch */
export function momentText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace(/\.\d+/, '')
}

/** In the largest unit alone: `3 h ago`. */
export function agoText(ms: number): string {
  return ms < 1000 ? 'now' : `${ageText(ms).split(' ').slice(0, 2).join(' ')} ago`
}

/** A measured time: `38 ms`, `1.2 s`, `2 min 5 s`. */
export function shortText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : ageText(ms)
}

/** `2026-11-23`. @param ms since the epoch */
export function dayText(ms: number): string {
  return momentText(ms).slice(0, 10)
}

/** `01:02:03Z`. @param ms since the epoch */
export function clockText(ms: number): string {
  return momentText(ms).slice(11)
}
