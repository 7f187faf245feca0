/**
 * A moment in which the backup does not hear the master, though the master hears the backup. The backup becomes MASTER
 * and steps down again; the true master has never left its state, so no `notify_master` runs there.
 */
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { poll } from '../../src/lab/poll.ts'
import { VRRP_INSTANCE } from '../../src/lab/scene.ts'
import { requires } from '../support/requires.ts'
import { type Case, first, raise, second } from './case.ts'

const DEADLINE_MS = 15_000

describe.skipIf(!requires('keepalived'))('after lost adverts', { timeout: 60_000 }, () => {
  it('the routes come back to the true master, because of notify_master_rx_lower_pri', async () => {
    const lab = await raise()
    await lab.bothUp()
    const hears = deafen(lab)
    await takenBySecond(lab)
    // The master hears five adverts a second meanwhile, and keepalived calls its hook for each of them.
    await poll('hooks on hooks', DEADLINE_MS, () => proofs(lab).length >= 5 || undefined)
    hears()
    await lab.arrival(first)
    expect(new Set(proofs(lab).map(({ exitCode }) => exitCode))).toEqual(new Set([0]))
    expect(becameMaster(lab, first)).toBe(1)
  })

  it('the routes stay at the backup without it', async () => {
    const lab = await raise({ withRxLowerPri: false })
    await lab.bothUp()
    const hears = deafen(lab)
    await takenBySecond(lab)
    hears()
    await steppedDown(lab)
    await lab.arrival(second)
    expect(becameMaster(lab, first)).toBe(1)
  })
})

/** Has adverts of the master dropped at the backup; returns what ends that. */
function deafen({ network }: Case): () => void {
  const nft = (rules: string) =>
    execFileSync('ip', ['netns', 'exec', network.namespaceOf(second), 'nft', rules], { stdio: 'inherit' })
  nft('table inet blip { chain in { type filter hook input priority 0; ip protocol 112 drop; }; }')
  return () => nft('delete table inet blip')
}

/** Waits until EC2 has accepted the backup's write of every table. */
async function takenBySecond(lab: Case): Promise<void> {
  await poll('the backup takes the routes', DEADLINE_MS, async () => {
    const accepted = (await lab.writes(second)).filter(({ status }) => status === 200)
    return new Set(accepted.map(({ params }) => params.RouteTableId)).size === 2 || undefined
  })
}

/** The master's hooks for adverts of a lower one. */
function proofs(lab: Case) {
  return lab.exits(first).filter(({ event }) => event === `${VRRP_INSTANCE} MASTER_RX_LOWER_PRI`)
}

/** Waits until the backup, having been MASTER, is a backup again. */
async function steppedDown(lab: Case): Promise<void> {
  const { log } = lab.cluster.keepalivedOf(second)
  await poll('the backup steps down', DEADLINE_MS, () => {
    const states = log.lines.flatMap(({ text }) => /\) Entering (\w+) STATE/.exec(text)?.[1] ?? [])
    return (states.includes('MASTER') && states.at(-1) === 'BACKUP') || undefined
  })
}

/** How often a node's keepalived has become MASTER. */
function becameMaster(lab: Case, node: typeof first): number {
  const entering = `(${VRRP_INSTANCE}) Entering MASTER STATE`
  return lab.cluster.keepalivedOf(node).log.lines.filter(({ text }) => text.includes(entering)).length
}
