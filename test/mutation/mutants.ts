/** Each rule of the protocol, broken by hand: a text of the source, and what it is replaced with. */

import { externalWriterMutants } from './external-writer-mutants.ts'
import { identityMutants } from './identity-mutants.ts'
import { readingMutants } from './reading-mutants.ts'

export type Mutant = {
  readonly name: string
  readonly file: string
  /** Must be there exactly once, so that no mutant outlives the code that it breaks. */
  readonly find: string
  readonly replace: string
}

const PROTOCOL = 'src/core/protocol/protocol.ts'
const EDGE = 'src/core/protocol/edge.ts'
const WRITING = 'src/core/protocol/writing.ts'
const PUBLISHING = 'src/core/protocol/publishing.ts'
const TIMES = 'src/core/protocol/times.ts'
const DECIDE = 'src/core/decide.ts'
const LIVENESS = 'src/core/liveness.ts'
const CLAIM = 'src/core/claim.ts'
const PIN = 'src/core/pin.ts'

export const mutants: readonly Mutant[] = [
  // The election.
  {
    name: 'the lower priority wins',
    file: CLAIM,
    find: '(a.priority ?? 0) - (b.priority ?? 0) ||',
    replace: '(b.priority ?? 0) - (a.priority ?? 0) ||',
  },
  {
    name: 'of equal priorities the lower address wins',
    file: CLAIM,
    find: 'compareAddresses(a.address, b.address) ||',
    replace: 'compareAddresses(b.address, a.address) ||',
  },
  {
    name: 'addresses are compared as text',
    file: CLAIM,
    find: 'compareAddresses(a.address, b.address) ||',
    replace: '(a.address < b.address ? -1 : Number(a.address > b.address)) ||',
  },
  {
    name: 'a priority that nobody knows is the highest',
    file: CLAIM,
    find: '(a.priority ?? 0) - (b.priority ?? 0) ||',
    replace: '(a.priority ?? 256) - (b.priority ?? 256) ||',
  },
  // Liveness.
  {
    name: 'claims are never tested for life',
    file: DECIDE,
    find: 'const rivals = masters.filter(({ liveness }) => isLive(liveness))',
    replace: 'const rivals = masters',
  },
  {
    name: 'a claim that was not observed for long isLive for nothing',
    file: LIVENESS,
    find: "return liveness === 'alive' || liveness === 'unknown'",
    replace: "return liveness === 'alive'",
  },
  {
    name: 'a stale beat isLive as life',
    file: LIVENESS,
    find: 'else if (known.beats.includes(beat)) next',
    replace: 'else if (known.beats.at(-1) === beat) next',
  },
  {
    name: 'a gap between reads resets no age',
    file: LIVENESS,
    find: 'const isGap = lastGoodRead === undefined || now - lastGoodRead > 2 * intervalMs',
    replace: 'const isGap = lastGoodRead === undefined',
  },
  {
    name: 'a ttl of one interval',
    file: LIVENESS,
    find: 'return Math.max(3 * intervalMs, 2 * intervalMs + 6000)',
    replace: 'return intervalMs',
  },
  {
    name: 'a void interface is not noticed',
    file: LIVENESS,
    find: "const liveness = isUnreachable ? 'unreachable' : livenessOf(",
    replace: 'const liveness = livenessOf(',
  },
  {
    name: 'a node with a void interface contends',
    file: DECIDE,
    find: "const isContender = self.state === 'MASTER' && !view.isUnreachable",
    replace: "const isContender = self.state === 'MASTER'",
  },
  {
    name: 'nobody beats in a conflict',
    file: PROTOCOL,
    find: '  if (decision.conflict && !wasInConflict) beat(turn)\n  else if ((decision.conflict || state.mayHaveRival) && state.beatNext) beat(turn)\n',
    replace: '',
  },
  {
    name: 'a node that cannot read does not beat',
    file: PROTOCOL,
    find: 'if ((conflict || state.mayHaveRival) && state.beatNext) beat(turn)',
    replace: '',
  },
  {
    name: 'a beat may be that of an hour ago',
    file: PUBLISHING,
    find: 'return new Date(Math.max(now.wall, Date.parse(state.self.beat) + 1)).toISOString()',
    replace: 'return now.wall === 0 ? state.self.beat : new Date(now.wall % 10_000).toISOString()',
  },
  {
    name: 'a master beats in a conflict alone, though the witness takes more',
    file: PUBLISHING,
    find: "const beats = beatEveryMs !== undefined && state.self.state === 'MASTER'",
    replace: 'const beats = beatEveryMs === 0',
  },
  {
    name: 'who is no master beats as well',
    file: PUBLISHING,
    find: "const beats = beatEveryMs !== undefined && state.self.state === 'MASTER'",
    replace: 'const beats = beatEveryMs !== undefined',
  },
  {
    name: 'everything is read with every beat',
    file: PROTOCOL,
    find: 'if (!isDue(lookAt(state))) return',
    replace: '',
  },
  {
    name: 'an answer that comes late is taken for what is so now',
    file: PROTOCOL,
    find: 'askedAt, state.settings.ttlMs',
    replace: 'now.monotonic, state.settings.ttlMs',
  },
  {
    name: 'a failed read is no gap, however short the ttl',
    file: PROTOCOL,
    find: 'if (settings.beatEveryMs !== undefined) state.observations = { ...observations, lastGoodRead: undefined }',
    replace: '',
  },
  {
    name: 'a blip is said to last where the ttl is short',
    file: PROTOCOL,
    find: 'const lastsAfter = Math.max(settings.ttlMs, ttlOf(settings.intervalMs))',
    replace: 'const lastsAfter = settings.ttlMs',
  },
  // Who may write.
  {
    name: 'a node writes that is no MASTER',
    file: DECIDE,
    find: "const isContender = self.state === 'MASTER' && !view.isUnreachable",
    replace: 'const isContender = !view.isUnreachable',
  },
  {
    name: 'another node’s turn is not respected',
    file: DECIDE,
    find: "if (intended !== self.eni) return { ...base, action: 'yield', due: [], reason: yieldReason(view, contest) }",
    replace: '',
  },
  {
    name: 'a failed read is taken for one that shows what the last one did not',
    file: PROTOCOL,
    find: 'else onFailedRead(turn, input)',
    replace: "else write(turn, state.self.state === 'MASTER' && !state.edge ? state.keys : [], 'nothing was read')",
  },
  {
    name: 'writes go on though nothing can be read',
    file: PROTOCOL,
    find: '    abort(turn)\n    const reason',
    replace: '    const reason',
  },
  {
    name: 'a mute node writes over masters that cannot see it',
    file: DECIDE,
    find: 'if (mute && masters.length > 0) return',
    replace: 'if (mute && masters.length > 9) return',
  },
  {
    name: 'a mute node’s writes do not back off',
    file: WRITING,
    find: 'if (due.length === 0 || !mayWriteMute(turn)) return',
    replace: 'if (due.length === 0) return',
  },
  {
    name: 'a mute node does not try to publish again',
    file: PUBLISHING,
    find: '  if (!acknowledged) publishLater(turn)\n',
    replace: '  void publishLater.name\n',
  },
  {
    name: 'every change of a state that flaps is published',
    file: PUBLISHING,
    find: 'if (state.publishFrom <= now.monotonic) publishNow(turn)',
    replace: 'if (state.publishFrom < Number.POSITIVE_INFINITY) publishNow(turn)',
  },
  {
    name: 'the last claim of a state that flaps is not published',
    file: PUBLISHING,
    find: '  else state.publishAgainAt = Math.min(state.publishAgainAt ?? Number.POSITIVE_INFINITY, state.publishFrom)\n',
    replace: '',
  },
  {
    name: 'a first change waits as if there had been others',
    file: PUBLISHING,
    find: 'Math.max(state.publishFrom + spacing, now.monotonic)',
    replace: 'now.monotonic + 2 * spacing',
  },
  {
    name: 'a claim that wrongly says MASTER waits as long as any other',
    file: 'src/core/protocol/turn.ts',
    find: 'if (isWaitedFor) return',
    replace: 'if (isWaitedFor && state.pauseFactor < 1) return',
  },
  {
    name: 'a claim that was published is taken for one that still says MASTER',
    file: PUBLISHING,
    find: '    if (beatOfClaim === state.self.beat) state.mayBeSeenAsMaster = ',
    replace: '    if (beatOfClaim !== state.self.beat) state.mayBeSeenAsMaster = ',
  },
  {
    name: 'a mute node tries to publish again at ticks only',
    file: TIMES,
    find: 'export const PUBLISH_BACKOFF = 500',
    replace: 'export const PUBLISH_BACKOFF = 60_000',
  },
  {
    name: 'a mute node tries to publish again and again at the same pace',
    file: PUBLISHING,
    find: 'Math.min(longest, backoff * 2)',
    replace: 'backoff',
  },
  {
    name: 'a mute node that is allowManyListeners again waits for its tick',
    file: PUBLISHING,
    find: '  if (acknowledged && state.mute && !state.edge) read(turn)\n',
    replace: '  void read.name\n',
  },
  {
    name: 'leaving MASTER aborts nothing',
    file: PROTOCOL,
    find: "    effects.push({ kind: 'abort' })\n    Object.assign(state, {\n      edge",
    replace: '    Object.assign(state, {\n      edge',
  },
  {
    name: 'a route that became somebody else’s is still tried',
    file: PROTOCOL,
    find: 'if (state.writing.some((key) => state.foreign.includes(key))) abort(turn)',
    replace: '',
  },
  {
    name: 'an edge writes what is known to be somebody else’s',
    file: EDGE,
    find: 'return keys.filter((key) => !foreign.includes(routeKeyText(key)))',
    replace: 'return keys.filter(() => foreign.length >= 0)',
  },
  {
    name: 'a refused route isLive as one that is elsewhere',
    file: DECIDE,
    find: "if (standing.kind === 'refused') return true",
    replace: "if (standing.kind === 'refused') return false",
  },
  // Edges.
  {
    name: 'an edge asks first and writes later',
    file: EDGE,
    find: '  writeInEdge(turn, state.edge, unread, reason)\n',
    replace: '  void writeInEdge.name\n  void reason\n',
  },
  {
    name: 'no looks at what was written in an edge',
    file: EDGE,
    find: '  state.looks = LOOKS.map((ms) => now.monotonic + ms)\n  write(turn, keys, reason)',
    replace: '  state.looks = []\n  write(turn, keys, reason)',
  },
  {
    name: 'one look, at +1 s, is all',
    file: TIMES,
    find: 'const LOOKS = [1000, 3000]',
    replace: 'const LOOKS = [1000]',
  },
  {
    name: 'an old target is excused as staleness inside an edge',
    file: EDGE,
    find: 'writes < (begun.hasLooked ? WRITES_PER_EDGE : 1)',
    replace: 'writes < 1',
  },
  {
    name: 'an edge writes as often as it likes',
    file: EDGE,
    find: 'const WRITES_PER_EDGE = 3',
    replace: 'const WRITES_PER_EDGE = 99',
  },
  {
    name: 'a retry outlives its edge',
    file: EDGE,
    find: '  turn.state.edge = undefined\n  abort(turn)',
    replace: '  turn.state.edge = undefined',
  },
  {
    name: 'an edge has no end',
    file: EDGE,
    find: 'const LONGEST_EDGE = 5000',
    replace: 'const LONGEST_EDGE = 60_000',
  },
  {
    name: 'an edge is not over for a claim that was renewed',
    file: EDGE,
    find: 'const renewed = view.others.filter(({ claim }) => !beats?.[claim.eni]?.includes(claim.beat))',
    replace: 'const renewed = view.others.filter(() => beats === undefined)',
  },
  {
    name: 'an edge is over for a claim that was not renewed',
    file: EDGE,
    find: 'const renewed = view.others.filter(({ claim }) => !beats?.[claim.eni]?.includes(claim.beat))',
    replace: 'const renewed = view.others',
  },
  {
    name: 'no edge is held',
    file: EDGE,
    find: 'const EDGES_BEFORE_HELD = 2',
    replace: 'const EDGES_BEFORE_HELD = 99',
  },
  {
    name: 'a held edge restarts no ages',
    file: EDGE,
    find: 'if (held.restartsAges) state.observations',
    replace: 'if (held.reason.length === 0) state.observations',
  },
  {
    name: 'failover: safe is as fast as the default',
    file: EDGE,
    find: "if (settings.failover === 'safe') return {",
    replace: "if (settings.failover === 'safe' && edges > 99) return {",
  },
  {
    name: 'finding MASTER at the start is an edge',
    file: PROTOCOL,
    find: "if (next === 'MASTER' && !found) beginEdge(turn)",
    replace: "if (next === 'MASTER' && (found || !found)) beginEdge(turn)",
  },
  // Ticks and looks.
  {
    name: 'a stale read after a write of ours is taken for drift',
    file: WRITING,
    find: 'return !isSettling && !isUnderWay && !isBraked(turn, key, reading)',
    replace: 'return (!isSettling || isSettling) && !isUnderWay && !isBraked(turn, key, reading)',
  },
  {
    name: 'MASTER_RX_LOWER_PRI is ignored',
    file: PROTOCOL,
    find: '      onRxLowerPri(turn, input.priority ?? turn.state.self.priority)\n',
    replace: "      if (state.self.state !== 'MASTER') onRxLowerPri(turn, input.priority)\n",
  },
  {
    name: 'MASTER_RX_LOWER_PRI is not coalesced',
    file: PROTOCOL,
    find: 'const RX_LOWER_PRI_SPACING = 1000',
    replace: 'const RX_LOWER_PRI_SPACING = 0',
  },
  {
    name: 'a claim that changed during a publish is forgotten',
    file: PUBLISHING,
    find: '    state.publishNext = true\n    return',
    replace: '    return',
  },
  {
    name: 'the own tag is not published again when it is wrong',
    file: PROTOCOL,
    find: '  checkOwnTag(turn, reading)\n',
    replace: '  void checkOwnTag.name\n',
  },
  // Pins.
  {
    name: 'pins are ignored by decisions',
    file: DECIDE,
    find: 'const intended = pin?.eni ?? contest.winner?.eni',
    replace: 'const intended = contest.winner?.eni ?? pin?.eni',
  },
  {
    name: 'a known pin is ignored by an edge',
    file: EDGE,
    find: 'if (pin && pin.eni !== self.eni) return {',
    replace: 'if (pin && pin.eni !== self.eni && edges > 99) return {',
  },
  {
    name: 'a pin past its end is honoured',
    file: PIN,
    find: 'if (date >= pin.until) ignored',
    replace: 'if (date >= pin.until + 86_400_000) ignored',
  },
  {
    name: 'a pin on a void interface is honoured',
    file: PIN,
    find: 'else if (isUnreachable(pin.eni)) ignored',
    replace: 'else if (isUnreachable(pin.eni) && date < 0) ignored',
  },
  {
    name: 'of two pins the earlier isLive',
    file: PIN,
    find: '(latest && latest.since >= pin.since ? latest : pin)',
    replace: '(latest && latest.since <= pin.since ? latest : pin)',
  },
  {
    name: 'a silent master is one for ever, wherever the routes are',
    file: 'src/core/decide.ts',
    find: 'if (owner.length === 0 && isAbandoned)',
    replace: 'if (owner.length > 0 && isAbandoned)',
  },
  {
    name: 'a silent master is none as soon as its routes are away',
    file: 'src/core/protocol/protocol.ts',
    find: 'askedAt - state.strayedSince >= patience',
    replace: 'askedAt - state.strayedSince < patience',
  },
  {
    name: 'a silent master is none once a pin has ended',
    file: 'src/core/protocol/protocol.ts',
    find: 'const isAstray = !pin && isStray',
    replace: 'const isAstray = isStray',
  },
  {
    name: 'a master that reads rarely, since EC2 throttles it, is none when its routes are away',
    file: 'src/core/protocol/protocol.ts',
    find: 'lastsAfter : lastsAfter + LONGEST_PAUSE_FACTOR * settings.intervalMs\n  const isAbandoned',
    replace: 'lastsAfter : lastsAfter\n  const isAbandoned',
  },
  ...externalWriterMutants,
  ...readingMutants,
  ...identityMutants,
]
