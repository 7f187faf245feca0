/** The rules of what a simulated node may write, and when. */

import type { EniId } from '../../src/core/ids.ts'
import type { Pin } from '../../src/core/pin.ts'
import type { Reading } from '../../src/core/protocol/inputs-and-effects.ts'
import { type RouteKey, routeKeyText } from '../../src/core/route.ts'
import { type ActorRecord, BrokenRule, knownPin, type Step } from './record.ts'

const SETTLE_MS = 3000
const LONGEST_EDGE_MS = 5000
const WRITES_PER_EDGE = 3
const LOOKS_MS = [1000, 3000]
const BRAKE_MS = 600_000
const FREE_HEALS = 3
const HEAL_MEMORY_MS = 3_600_000

/** Who writes, as far as it is known, and when. */
type Writer = Pick<Step, 'now' | 'actor' | 'node' | 'record'>

/** What one step has decided to write. @throws BrokenRule */
export function checkWrite(step: Step, keys: readonly RouteKey[]): void {
  const { node, input, before, after, record } = step
  checkRight(step)
  const isEdge = record.edge !== undefined && (input.kind !== 'read' || before.edge !== undefined) && after.edge
  for (const key of keys) {
    checkRefused(step, key)
    if (isEdge && record.edge) checkEdgeWrite(step, record.edge, key)
    else checkDecidedWrite(step, key)
  }
  // A pin says to all whose the routes are, whether or not its node can.
  if (isEdge || !record.isMute || knownPin(record)) return
  const seen = record.reading?.claims.find(
    ({ claim, isUnreachable }) => claim.eni !== node.eni && claim.state === 'MASTER' && !isUnreachable,
  )
  if (seen) throw new BrokenRule(`${node.name} is mute and writes although ${seen.claim.eni} claims to be MASTER`)
}

/** Whether it may write anything at all. */
function checkRight({ now, node, input, before, after, record }: Step): void {
  const pin = knownPin(record)
  // An agent may not know yet that its interface has become another one.
  const { eni } = after.self
  if (after.self.state !== 'MASTER' && pin?.eni !== eni) {
    throw new BrokenRule(`${node.name} writes although it knows that it is ${after.self.state}`)
  }
  checkPin({ now, node, record }, pin, eni)
  if (input.kind === 'state' && input.found)
    throw new BrokenRule(`${node.name} writes what it has not read, in no edge`)
  const isLook = input.kind === 'read' && (input.reading || (before.edge && input.routes))
  if (input.kind === 'read' && !isLook) throw new BrokenRule(`${node.name} writes on a read that failed`)
  if (input.kind === 'identity' && !after.edge)
    throw new BrokenRule(`${node.name} writes what it has not read, in no edge`)
  if (input.kind === 'wake' || input.kind === 'written' || input.kind === 'published') {
    throw new BrokenRule(`${node.name} writes on ${input.kind}: neither an edge nor a decision`)
  }
}

/** A pin that was kept is compared with the node's own clock. */
function checkPin(
  { now, node, record }: Pick<Writer, 'now' | 'node' | 'record'>,
  pin: Pin | undefined,
  eni: EniId,
): void {
  const today = record.reading ? now : now + node.wallOffset
  if (pin && pin.eni !== eni && pin.until > today) {
    throw new BrokenRule(`${node.name} writes although it knows that ${pin.eni} is pinned`)
  }
}

function checkRefused({ node, record: { reading } }: Writer, key: RouteKey): void {
  const text = routeKeyText(key)
  const known = reading?.routes.find((route) => routeKeyText(route.key) === text)
  if (known && isRefused(known)) throw new BrokenRule(`${node.name} writes ${text}, which it knows to be refused`)
}

function checkEdgeWrite({ now, node, record }: Writer, edge: NonNullable<ActorRecord['edge']>, key: RouteKey): void {
  record.looks = LOOKS_MS.map((ms) => now + ms)
  const text = routeKeyText(key)
  const count = (edge.writes.get(text) ?? 0) + 1
  edge.writes.set(text, count)
  if (count > WRITES_PER_EDGE) throw new BrokenRule(`${node.name} writes ${text} for the ${count}th time in one edge`)
  if (now - edge.startedAt >= LONGEST_EDGE_MS) {
    throw new BrokenRule(`${node.name} still writes as in an edge after ${LONGEST_EDGE_MS} ms`)
  }
}

function checkDecidedWrite({ now, node, record }: Writer, key: RouteKey): void {
  const text = routeKeyText(key)
  record.decided.set(text, now)
  const acceptedAt = record.accepted.get(text)
  if (acceptedAt !== undefined && now - acceptedAt < SETTLE_MS) {
    throw new BrokenRule(`${node.name} takes a stale read of ${text} for drift`)
  }
  if (!isExternal(record, text)) return
  const heals = (record.heals.get(text) ?? []).filter((at) => now - at < HEAL_MEMORY_MS)
  const last = heals.at(-1)
  if (heals.length >= FREE_HEALS && last !== undefined && now - last < BRAKE_MS) {
    throw new BrokenRule(`${node.name} does not brake at an external writer of ${text}`)
  }
  record.healing.add(text)
}

function isExternal({ reading }: ActorRecord, text: string): boolean {
  const standing = reading?.routes.find(({ key }) => routeKeyText(key) === text)?.standing
  if (standing?.kind !== 'elsewhere') return false
  const { target } = standing.route
  return target.kind !== 'eni' || !reading?.claims.some(({ claim }) => claim.eni === target.eni)
}

/** Every request, retries too: what was right when it was decided may be so no more. @throws BrokenRule */
export function checkSending(writer: Writer, key: RouteKey, decidedAt: number): void {
  const { now, node, record } = writer
  const { name, protocol } = writer.actor
  const pin = knownPin(record)
  if (!protocol) throw new BrokenRule(`${name} sends a write although its process has ended`)
  if (protocol.self.state !== 'MASTER' && pin?.eni !== protocol.self.eni) {
    throw new BrokenRule(`${name} sends a write although it knows that it is ${protocol.self.state}`)
  }
  if (decidedAt === now) return
  checkRefused(writer, key)
  if (record.lastReadFailed && !protocol.edge) {
    throw new BrokenRule(`${node.name} sends a write again after a read has failed`)
  }
  const isOfEdge = record.edge !== undefined && record.decided.get(routeKeyText(key)) !== decidedAt
  const wasPaused = node.pausedUntil === now
  if (isOfEdge && !wasPaused && record.edge && now > record.edge.startedAt + LONGEST_EDGE_MS) {
    throw new BrokenRule(`${node.name} sends a write of an edge again that is over`)
  }
}

/** Whether an external writer may have made it slow. */
export function mayBrake({ heals }: ActorRecord): boolean {
  return [...heals.values()].some((times) => times.length >= FREE_HEALS)
}

function isRefused({ standing }: Reading['routes'][number]): boolean {
  return standing.kind === 'refused'
}
