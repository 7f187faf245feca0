import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS = 10

/**
 * Polls until `ask` returns a value, for conditions that no event signals.
 * @throws an error naming `what` after `deadline` milliseconds
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
