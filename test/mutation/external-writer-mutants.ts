/** What is an external writer's deed and what is not, broken by hand. */
import type { Mutant } from './mutant.ts'

const EXTERNAL = 'src/core/protocol/external-writer.ts'
const WRITING = 'src/core/protocol/writing.ts'

export const externalWriterMutants: readonly Mutant[] = [
  {
    name: 'no brake at an external writer',
    file: EXTERNAL,
    find: "return takerOf(state, key, reading)?.kind === 'outsider'",
    replace: 'return false',
  },
  {
    name: 'a route that outsiders took is healed slowly from whatever happens to it',
    file: EXTERNAL,
    find: "return takerOf(state, key, reading)?.kind === 'outsider'",
    replace: 'return true',
  },
  {
    name: 'a route is taken back as slowly from a member as from an outsider',
    file: EXTERNAL,
    find: 'const last = repeated(byOutsiders(state.takings[routeKeyText(key)] ?? []), now.monotonic).at(-1)\n  if (!last || now.monotonic - last.at >= BRAKE) return false\n',
    replace:
      'const last = repeated(state.takings[routeKeyText(key)] ?? [], now.monotonic).at(-1)\n  if (last && now.monotonic - last.at < BRAKE) return true\n',
  },
  {
    name: 'an external writer is named at once',
    file: EXTERNAL,
    find: 'const TAKINGS_BEFORE_NAMED = 3',
    replace: 'const TAKINGS_BEFORE_NAMED = 1',
  },
  {
    name: 'an external writer is remembered for ever',
    file: EXTERNAL,
    find: 'const MEMORY = 3_600_000',
    replace: 'const MEMORY = 86_400_000',
  },
  {
    name: 'nodes of the cluster count as outsiders',
    file: EXTERNAL,
    find: 'if (!member) return',
    replace: 'if (!member || held !== undefined) return',
  },
  {
    name: 'a route that is set to a member is never a deed',
    file: EXTERNAL,
    find: 'return held === undefined || mute ? undefined :',
    replace: 'return held === undefined || held > 0 ? undefined :',
  },
  {
    name: 'a node that is mute accuses others',
    file: EXTERNAL,
    find: 'return held === undefined || mute ? undefined :',
    replace: 'return held === undefined || (mute && held < 0) ? undefined :',
  },
  {
    name: 'a route that is deleted is never a deed',
    file: EXTERNAL,
    find: "return held === undefined ? undefined : { kind: 'deleter' }",
    replace: 'return undefined',
  },
  {
    name: 'a claim explains nothing',
    file: EXTERNAL,
    find: '(explanation.at ?? Number.NEGATIVE_INFINITY) >= taker.heldAt - EXPLAINED_WITHIN',
    replace: 'taker.heldAt < 0',
  },
  {
    name: 'a claim of the past explains nothing',
    file: EXTERNAL,
    find: '(explanation.at ?? Number.NEGATIVE_INFINITY) >= taker.heldAt - EXPLAINED_WITHIN',
    replace: '(explanation.at ?? Number.NEGATIVE_INFINITY) >= taker.heldAt',
  },
  {
    name: 'a claim explains what happens for ever after',
    file: EXTERNAL,
    find: '(explanation.at ?? Number.NEGATIVE_INFINITY) >= taker.heldAt - EXPLAINED_WITHIN',
    replace: 'explanation.at !== undefined',
  },
  {
    name: 'a claim that comes late explains nothing',
    file: EXTERNAL,
    find: 'now.monotonic - at >= EXPLAINED_WITHIN',
    replace: 'now.monotonic - at >= 0',
  },
  {
    name: 'a transition that was missed explains nothing',
    file: EXTERNAL,
    find: 'const hasMoved = known !== undefined && known.since !== claim.since',
    replace: 'const hasMoved = known !== undefined && known.since === undefined',
  },
  {
    name: 'who claims the routes all the time has no right to them',
    file: EXTERNAL,
    find: '(isLive(liveness) || isFirst)',
    replace: 'isFirst',
  },
  {
    name: 'the late write of a master that has died is somebody else’s',
    file: EXTERNAL,
    find: '(isLive(liveness) || isFirst)',
    replace: 'isLive(liveness)',
  },
  {
    name: 'what a pinned node had is taken back as if it had no right to it',
    file: 'src/core/protocol/reading.ts',
    find: '  else forgetHeld(turn)\n',
    replace: '',
  },
  {
    name: 'a taking counts that EC2 did not let be taken back',
    file: WRITING,
    find: '  if (accepted) {\n',
    replace: '  if (accepted || state.healing[text]) {\n',
  },
]
