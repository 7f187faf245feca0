/** Medians and their targets. */

export type Row = {
  readonly what: string
  readonly target: string
  readonly measured: string
  /** Whether the target is met; undefined without a target. */
  readonly isMet: boolean | undefined
}

export type Part = {
  readonly name: string
  readonly rows: readonly Row[]
  /** Markdown below the table. */
  readonly notes?: readonly string[]
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Formats milliseconds with just enough digits. */
export function ms(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

export const times = (value: number): string => `${value.toFixed(2)} ×`

/** Runs all in alternating rounds, so that load on the machine affects them equally; returns medians. */
export async function interleaved<Name extends string>(
  rounds: number,
  runs: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number>> {
  const all = new Map<string, number[]>()
  const entries = Object.entries<() => Promise<number>>(runs)
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of entries) all.set(name, [...(all.get(name) ?? []), await run()])
  }
  const medians: Partial<Record<Name, number>> = {}
  for (const name of namesOf(runs)) medians[name] = median(all.get(name) ?? [])
  return complete(medians, runs)
}

function namesOf<Name extends string>(runs: Readonly<Record<Name, unknown>>): Name[] {
  const isName = (text: string): text is Name => text in runs
  return Object.keys(runs).filter(isName)
}

function complete<Name extends string>(
  medians: Partial<Record<Name, number>>,
  runs: Readonly<Record<Name, unknown>>,
): Record<Name, number> {
  const isComplete = (value: Partial<Record<Name, number>>): value is Record<Name, number> =>
    namesOf(runs).every((name) => name in value)
  if (isComplete(medians)) return medians
  throw new Error('a run without a result')
}
