/**
 * Rounds of random faults under the real keepalived; after each one, the routes are the VRRP master's. E2E_SEED=… has the
 * same faults again, as far as a machine repeats itself; E2E_ROUNDS=… has another number of rounds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { LabNode } from '../../src/lab/scene.ts'
import { randomOf } from '../simulation/random.ts'
import { requires } from '../support/requires.ts'
import { type DaemonCase, DEADLINE_MS, raiseWithDaemons } from './daemon-case.ts'
import { historyOf } from './history-case.ts'
import { drawRound, Playground, roundText } from './random-faults.ts'

const SEED = Number(process.env.E2E_SEED ?? Date.now() % 1_000_000)
const ROUNDS = Number(process.env.E2E_ROUNDS ?? 30)
const INTERVAL_MS = 2000
/** How long the routes must have been right, and VRRP at rest. */
const REST_MS = 1000
const LONGEST_ROUND_MS = 20_000
const TIMEOUT_MS = (ROUNDS + 1) * LONGEST_ROUND_MS

describe.skipIf(!requires('keepalived'))('after random faults', { timeout: TIMEOUT_MS }, () => {
  it('the routes are the VRRP master’s within two intervals', async () => {
    process.stdout.write(`  E2E_SEED=${SEED}\n`)
    const random = randomOf(SEED)
    const lab = await raiseWithDaemons({ interval: `${INTERVAL_MS}ms`, withHook: true })
    await lab.bothDaemonsUp()
    const playground = new Playground(lab)
    for (let number = 1; number <= ROUNDS; number++) {
      const round = drawRound(random)
      const since = Date.now()
      process.stdout.write(`  round ${number}: ${roundText(round)}\n`)
      await playground.play(round)
      const { master, lateMs } = await settled(lab, playground.alive, Date.now())
      const writes = (await lab.routeWrites(since)).length
      process.stdout.write(`    → ${master}, ${lateMs} ms after VRRP was at rest; ${writes} writes\n`)
      await expectHistory(lab, playground.alive)
    }
  })
})

/**
 * Waits until the routes are at the VRRP master, and have been so for a while.
 * @param alive nodes whose keepalived runs
 * @param endedAt when the last fault ended
 * @throws an assertion when they come later than two intervals after VRRP has come to rest
 */
async function settled(lab: DaemonCase, alive: readonly LabNode[], endedAt: number) {
  let rightSince: number | undefined
  for (;;) {
    const states = alive.map((node) => ({ name: node.name, ...stateOf(lab, node) }))
    const masters = states.filter(({ state }) => state === 'MASTER')
    const restSince = Math.max(endedAt, ...states.map(({ at }) => at))
    const [master] = masters
    const owners = Object.values(await lab.owners())
    const now = Date.now()
    const isRight = masters.length === 1 && owners.every((owner) => owner === master?.name)
    rightSince = isRight ? Math.max(rightSince ?? now, restSince) : undefined
    if (master && rightSince !== undefined && now - rightSince >= REST_MS) {
      return { master: master.name, lateMs: rightSince - restSince }
    }
    if (now - restSince > 2 * INTERVAL_MS && !isRight) {
      expect(owners, 'owners of the routes').toEqual(owners.map(() => masters.map(({ name }) => name).join(' and ')))
    }
    await sleep(20)
  }
}

/** Each node's history tells the state that its keepalived is in. */
async function expectHistory(lab: DaemonCase, alive: readonly LabNode[]): Promise<void> {
  for (const node of alive) {
    const last = async () => (await historyOf(lab, node)).findLast(({ kind }) => kind === 'transition')
    await expect.poll(async () => (await last())?.to, { timeout: DEADLINE_MS }).toBe(stateOf(lab, node).state)
  }
}

/** What a node's keepalived entered last, and when. */
function stateOf(lab: DaemonCase, node: LabNode): { state: string | undefined; at: number } {
  const entered = lab.cluster.keepalivedOf(node).log.lines.flatMap(({ at, text }) => {
    const state = /\(VI_1\) Entering (\w+) STATE/.exec(text)?.[1]
    return state ? [{ state, at }] : []
  })
  return entered.at(-1) ?? { state: undefined, at: Date.now() }
}
