/** Who is elected, and whose claim isLive, broken by hand. */
import type { Mutant } from './mutant.ts'

const PROTOCOL = 'src/core/protocol/protocol.ts'
const PUBLISHING = 'src/core/protocol/publishing.ts'
const DECIDE = 'src/core/decide.ts'
const LIVENESS = 'src/core/liveness.ts'
const CLAIM = 'src/core/claim.ts'

export const electionMutants: readonly Mutant[] = [
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
    name: 'a claim that was not observed for long counts for nothing',
    file: LIVENESS,
    find: "return liveness === 'alive' || liveness === 'unknown'",
    replace: "return liveness === 'alive'",
  },
  {
    name: 'a stale beat counts as life',
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
    file: 'src/core/protocol/reading.ts',
    find: '  if (decision.conflict && !wasInConflict) beat(turn)\n  else if ((decision.conflict || state.mayHaveRival) && state.beatNext) beat(turn)\n',
    replace: '',
  },
  {
    name: 'a node that cannot read does not beat',
    file: 'src/core/protocol/reading.ts',
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
    file: 'src/core/protocol/view.ts',
    find: 'askedAt, state.settings.ttlMs',
    replace: 'now.monotonic, state.settings.ttlMs',
  },
  {
    name: 'a failed read is no gap, however short the ttl',
    file: 'src/core/protocol/reading.ts',
    find: 'if (settings.beatEveryMs !== undefined) state.observations = { ...observations, lastGoodRead: undefined }',
    replace: '',
  },
  {
    name: 'a blip is said to last where the ttl is short',
    file: 'src/core/protocol/view.ts',
    find: 'const lastsAfter = Math.max(settings.ttlMs, ttlOf(settings.intervalMs))',
    replace: 'const lastsAfter = settings.ttlMs',
  },
]
