/** What must hold at every step, whatever the order. */
import type { Effect, Input } from '../../src/core/protocol/inputs-and-effects.ts'
import type { ProtocolState } from '../../src/core/protocol/state.ts'
import type { Actor, NodeModel } from './model.ts'

export class BrokenRule extends Error {
  override name = 'BrokenRule'
}

export type Step = {
  /** Before the step. */
  readonly node: NodeModel
  readonly name: string
  readonly actor: Actor
  readonly input: Input
  readonly before: ProtocolState
  readonly after: ProtocolState
  readonly effects: readonly Effect[]
}

/** @throws BrokenRule */
export function check({ node, name, actor, input, before, after, effects }: Step): void {
  const writes = effects.some(({ kind }) => kind === 'write')
  if (writes && after.self.state !== 'MASTER') throw new BrokenRule(`${name} writes and knows that it is no master`)
  if (writes && input.kind === 'read' && !input.reading) throw new BrokenRule(`${name} writes on a failed read`)
  const leaves = before.self.state === 'MASTER' && after.self.state !== 'MASTER'
  if (leaves && before.writing.length > 0 && effects[0]?.kind !== 'abort') {
    throw new BrokenRule(`${name} leaves MASTER and aborts nothing`)
  }
  const newer = node.journal.find(({ pid, state }) => actor.hook && pid > actor.id && state !== 'MASTER_RX_LOWER_PRI')
  const acts = writes || effects.some(({ kind }) => kind === 'publish')
  if (acts && newer) throw new BrokenRule(`a hook of ${name} acts although ${newer.state} is on record`)
}

/** A hook ends by itself. */
export function checkEnd(name: string, state: ProtocolState, isInPlace: boolean): void {
  if (state.self.state !== 'MASTER' || isInPlace || state.decision?.action === 'yield') return
  throw new BrokenRule(`a hook of ${name} ends and has not seen the route in place`)
}
