/** What an agent starts with, and what it does before it has read anything, broken by hand. */
import type { Mutant } from './mutant.ts'

const STATE = 'src/core/protocol/state.ts'
const START = 'src/agent/node/start-state.ts'
const LIFE = 'src/agent/notify/event-life.ts'
const EDGE = 'src/core/protocol/edge.ts'
const PROTOCOL = 'src/core/protocol/protocol.ts'
const PUBLISHING = 'src/core/protocol/publishing.ts'
const WRITING = 'src/core/protocol/writing.ts'

export const startMutants: readonly Mutant[] = [
  {
    name: 'an agent starts without the keys of the last look',
    file: STATE,
    find: '    keys,\n    foreign,\n    misplaced',
    replace: '    keys: keys.slice(0, 0),\n    foreign,\n    misplaced',
  },
  {
    name: 'an agent starts without what it knew to be somebody else’s',
    file: STATE,
    find: '    foreign,\n    misplaced',
    replace: '    foreign: foreign.slice(0, 0),\n    misplaced',
  },
  {
    name: 'an agent starts without the pin of the last look',
    file: STATE,
    find: '    pin,\n    ignoredPins',
    replace: '    pin: pin && undefined,\n    ignoredPins',
  },
  {
    name: 'an agent starts without the edges before it',
    file: STATE,
    find: '    edges,\n    writing',
    replace: '    edges: edges.slice(0, 0),\n    writing',
  },
  {
    name: 'a kept pin is honoured past its end',
    file: START,
    find: 'return kept && wall < kept.until ? kept : undefined',
    replace: 'return kept && wall > 0 ? kept : undefined',
  },
  {
    name: 'a hook takes seconds for milliseconds',
    file: LIFE,
    find: 'now - 1000 * secondsBetween(entry, moment)',
    replace: 'now - 1_000_000 * secondsBetween(entry, moment)',
  },
  {
    name: 'a held edge reads before its claim can be seen',
    file: EDGE,
    find: '    state.readWhenPublished = true\n',
    replace: '    read(turn)\n',
  },
  {
    name: 'a held edge does not read when its claim is there',
    file: PUBLISHING,
    find: '  if (state.readWhenPublished) {\n',
    replace: '  if (state.readWhenPublished && state.readNext) {\n',
  },
  {
    name: 'a held edge is not known to be one',
    file: EDGE,
    find: 'state.isHeld = held !== undefined',
    replace: 'state.isHeld = held !== undefined && state.isHeld',
  },
  {
    name: 'a proof of a lower master tells the others of a node whose priority is not known',
    file: PROTOCOL,
    find: '  state.publishWhenRead = true\n',
    replace: '  state.publishWhenRead = priority !== undefined\n',
  },
  {
    name: 'a proof of a lower master keeps the claim back for good',
    file: 'src/core/protocol/reading.ts',
    find: '  adoptOwnClaim(turn, reading)\n',
    replace: '  void adoptOwnClaim.name\n',
  },
  {
    name: 'a proof of a lower master that comes first is an edge',
    file: PROTOCOL,
    find: "state: 'MASTER', priority, found: true })",
    replace: "state: 'MASTER', priority, found: false })",
  },
  {
    name: 'after the first proof of a lower master there is no look at once',
    file: PROTOCOL,
    find: '  state.rxLowerPriAt = now.monotonic\n  state.looks = LOOKS_AFTER_FIRST_PROOF.map((ms) => now.monotonic + ms)\n  // keepalived',
    replace: '  state.rxLowerPriAt = now.monotonic\n  // keepalived',
  },
  {
    name: 'a failed read is not tried again soon',
    file: 'src/core/protocol/reading.ts',
    find: 'if (!throttled) retryRead(turn)',
    replace: 'if (throttled) retryRead(turn)',
  },
  {
    name: 'what a look has shown counts though the next one failed',
    file: 'src/core/protocol/reading.ts',
    find: '  else state.misplaced = undefined\n',
    replace: '',
  },
  {
    name: 'an edge does not look at the routes where claims cannot be read',
    file: 'src/core/protocol/reading.ts',
    find: 'if (state.edge && routes && lookInEdge',
    replace: 'if (state.edge && routes && routes.length < 0 && lookInEdge',
  },
  {
    name: 'a write that EC2 refuses is decided anew at once',
    file: WRITING,
    find: 'else state.rejected = [...state.rejected, text]\n',
    replace: 'else state.rejected = [...state.rejected]\n',
  },
  {
    name: 'an edge that ended while the machine stood still is begun again',
    file: EDGE,
    find: '  if (now.monotonic - state.edge.startedAt >= LONGEST_EDGE) {\n    endEdge(turn)\n    return\n  }\n  const due = ownKeys',
    replace: '  void now\n  const due = ownKeys',
  },
]
