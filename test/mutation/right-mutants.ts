/** Who may write, and what it tells the others, broken by hand. */
import type { Mutant } from './mutant.ts'

const PROTOCOL = 'src/core/protocol/protocol.ts'
const EDGE = 'src/core/protocol/edge.ts'
const WRITING = 'src/core/protocol/writing.ts'
const PUBLISHING = 'src/core/protocol/publishing.ts'
const TIMES = 'src/core/protocol/times.ts'
const DECIDE = 'src/core/decide.ts'

export const rightMutants: readonly Mutant[] = [
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
    file: 'src/core/protocol/reading.ts',
    find: 'else onFailedRead(turn, input)',
    replace: "else write(turn, state.self.state === 'MASTER' && !state.edge ? state.keys : [], 'nothing was read')",
  },
  {
    name: 'writes go on though nothing can be read',
    file: 'src/core/protocol/reading.ts',
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
    file: 'src/core/protocol/reading.ts',
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
    name: 'a refused route counts as one that is elsewhere',
    file: DECIDE,
    find: "if (standing.kind === 'refused') return true",
    replace: "if (standing.kind === 'refused') return false",
  },
]
