/** Which hook acts, and when it is over, broken by hand. */
import type { Mutant } from './mutant.ts'

const SINGLE = 'src/core/protocol/single-event.ts'
const LIFE = 'src/agent/notify/event-life.ts'
const ORDER = 'src/agent/node/event-order.ts'
const HEARD = 'src/agent/daemon/keepalived-history.ts'

export const hookMutants: readonly Mutant[] = [
  {
    name: 'a hook of BACKUP does not wait for what it reads',
    file: SINGLE,
    find: "self.state !== 'BACKUP' || observations",
    replace: 'self.state.length > 0 || observations',
  },
  {
    name: 'a hook ends in the middle of its edge',
    file: SINGLE,
    find: "if (edge || writing.length > 0) return 'pending'",
    replace: "if (writing.length > 0 && edge === undefined) return 'pending'",
  },
  {
    name: 'a hook ends with a write on its way',
    file: SINGLE,
    find: "if (edge || writing.length > 0) return 'pending'",
    replace: "if (edge) return 'pending'",
  },
  {
    name: 'a hook does not look again at what it wrote',
    file: SINGLE,
    find: 'looks.length === 0 && ',
    replace: '',
  },
  {
    name: 'a hook ends with a route elsewhere',
    file: SINGLE,
    find: 'misplaced?.every((route) => rejected.includes(route))',
    replace: 'misplaced !== undefined && rejected.length >= 0',
  },
  {
    name: 'a hook waits for a route whose write EC2 refuses',
    file: SINGLE,
    find: 'rejected.includes(route))',
    replace: "rejected.includes(route) && route === '')",
  },
  {
    name: 'a hook yields for good to who may be dead',
    file: SINGLE,
    find: "livenessOf(track, now, settings.ttlMs) === 'alive'",
    replace: "livenessOf(track, now, settings.ttlMs) !== 'unreachable'",
  },
  {
    name: 'a hook whose edge is held yields for good',
    file: SINGLE,
    find: 'return !isHeld && track',
    replace: 'return track',
  },
  {
    name: 'a hook waits for the end of a pin',
    file: SINGLE,
    find: '  if (pin && pin.eni !== self.eni) return true\n',
    replace: '  void pin\n  void self\n',
  },
  {
    name: 'a hook ends and has not told the others',
    file: SINGLE,
    find: 'return published === self.beat',
    replace: "return published === self.beat || self.beat !== ''",
  },
  {
    name: 'a hook waits for its claim for as long as it lives',
    file: LIFE,
    find: 'now - startedAt >= LONGEST_PUBLISH',
    replace: 'now - startedAt >= DEADLINE',
  },
  {
    name: 'a hook waits for a claim that is refused',
    file: LIFE,
    find: ' || refused.publish',
    replace: '',
  },
  {
    name: 'a hook of STOP takes its time',
    file: LIFE,
    find: 'return Math.max(0, STOP_ENDS - age)',
    replace: 'return age < 0 ? STOP_ENDS : DEADLINE',
  },
  {
    name: 'a hook of FAULT reads',
    file: LIFE,
    find: "state === 'MASTER' || state === 'MASTER_RX_LOWER_PRI' || state === 'BACKUP'\n}",
    replace: "state !== 'STOP'\n}",
  },
  {
    name: 'nothing is superseded',
    file: ORDER,
    find: 'newest && isNewer(newest, moment) ? newest : undefined',
    replace: 'newest && isNewer(newest, moment) && newest.pid < 0 ? newest : undefined',
  },
  {
    name: 'an event supersedes those that are newer',
    file: ORDER,
    find: 'newest && isNewer(newest, moment) ? newest : undefined',
    replace: 'newest && newest.pid !== moment.pid ? newest : undefined',
  },
  {
    name: 'a proof of a lower master supersedes events',
    file: ORDER,
    find: 'return state !== PROOF',
    replace: "return state !== ''",
  },
  {
    name: 'a proof of a lower master hides what supersedes events',
    file: ORDER,
    find: 'newestOf(entries.filter(isState), moment.boot)\n  return newest &&',
    replace: 'newestOf(entries, moment.boot)\n  return newest && isState(newest) &&',
  },
  {
    name: 'a proof of a lower master makes the state before forgotten',
    file: ORDER,
    find: 'new Set([newest, newestState, ',
    replace: "new Set([newest, newestState?.state === '' ? newestState : newest, ",
  },
  {
    name: 'edges are forgotten at once',
    file: ORDER,
    find: 'const REMEMBERED_MASTERS = 2',
    replace: 'const REMEMBERED_MASTERS = 0',
  },
  {
    name: 'edges are forgotten after five seconds',
    file: ORDER,
    find: 'const REMEMBERED_SECONDS = 60',
    replace: 'const REMEMBERED_SECONDS = 5',
  },
  {
    name: 'the own edge counts as an earlier one',
    file: ORDER,
    find: '.filter((entry) => isNewer(moment, entry))',
    replace: '.filter((entry) => !isNewer(entry, moment))',
  },
  {
    name: 'proofs of a lower master are acted upon beside each other',
    file: ORDER,
    find: ' || (!newest.isDone && isAtWork(newest))',
    replace: ' || (newest.isDone && isAtWork(newest))',
  },
  {
    name: 'a proof of a lower master waits for a process that is gone',
    file: ORDER,
    find: '!newest.isDone && isAtWork(newest)',
    replace: '!newest.isDone && (isAtWork(newest) || newest.pid > 0)',
  },
  {
    name: 'every proof of a lower master is acted upon',
    file: ORDER,
    find: 'const RX_LOWER_PRI_SPACING_SECONDS = 1',
    replace: 'const RX_LOWER_PRI_SPACING_SECONDS = 0',
  },
  {
    name: 'a proof of a lower master is one with the BACKUP before it',
    file: ORDER,
    find: "if (!newest?.state.startsWith('MASTER')) return false",
    replace: 'if (!newest) return false',
  },
  {
    name: 'a daemon believes a hook that the FIFO has overtaken',
    file: HEARD,
    find: "if (toldAt === undefined || ticks > toldAt) return 'news'",
    replace: "if (toldAt === undefined || ticks > toldAt || ticks >= 0) return 'news'",
  },
  {
    name: 'a daemon believes no hook',
    file: HEARD,
    find: "if (toldAt === undefined || ticks > toldAt) return 'news'",
    replace: "if (toldAt !== undefined && ticks > toldAt) return 'news'",
  },
]
