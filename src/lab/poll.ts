import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS = 10

/**
 * Asks until there is an answer: the first that is not undefined. For what nothing signals.
 * @throws an error that names `what` after `deadline` milliseconds
 */
export async function poll<Answer>(
  what: string,
  deadline: number,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
): Promise<Answer> {
  const end = performance.now() + deadline
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() >= end) throw new Error(`not seen within ${deadline / 1000} s: ${what}`)
    await sleep(INTERVAL_MS)
  }
}
