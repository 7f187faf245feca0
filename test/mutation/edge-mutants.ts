/** Edges, looks and pins, broken by hand. */
import type { Mutant } from './mutant.ts'

const PROTOCOL = 'src/core/protocol/protocol.ts'
const EDGE = 'src/core/protocol/edge.ts'
const WRITING = 'src/core/protocol/writing.ts'
const PUBLISHING = 'src/core/protocol/publishing.ts'
const TIMES = 'src/core/protocol/times.ts'
const DECIDE = 'src/core/decide.ts'
const PIN = 'src/core/pin.ts'

export const edgeMutants: readonly Mutant[] = [
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
    file: 'src/core/protocol/reading.ts',
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
    name: 'of two pins the earlier counts',
    file: PIN,
    find: '(latest && latest.since >= pin.since ? latest : pin)',
    replace: '(latest && latest.since <= pin.since ? latest : pin)',
  },
]
