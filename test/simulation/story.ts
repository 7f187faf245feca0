/** What a person needs of a run that broke a rule. */
import { type Plan, planOf, planText } from './plan.ts'
import { randomOf } from './random.ts'
import { carryOut } from './run.ts'

/** The smallest story that still breaks the same rule: faults are left out one by one. */
export function shrink(plan: Plan): Plan {
  const kindOf = (failure: string | undefined) => failure?.replaceAll(/[\d.]+|\b[a-d]\b/g, '')
  const kind = kindOf(failureOf(plan))
  for (const fault of plan.faults) {
    const smaller = { ...plan, faults: plan.faults.filter((other) => other !== fault) }
    if (kindOf(failureOf(smaller)) === kind) return shrink(smaller)
  }
  return plan
}

export function failureOf(plan: Plan, log?: (line: string) => void): string | undefined {
  try {
    carryOut(plan, log)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export function planOfSeed(seed: number): Plan {
  return planOf(seed, randomOf(seed))
}

export function failureText(plan: Plan, failure: string): string {
  const smallest = shrink(plan)
  return [
    `seed ${plan.seed}: ${failure}`,
    planText(plan),
    `the smallest story of it: ${failureOf(smallest)}`,
    planText(smallest),
    `to see it: SIMULATION_SEED=${plan.seed} npx vitest run test/simulation`,
  ].join('\n')
}
