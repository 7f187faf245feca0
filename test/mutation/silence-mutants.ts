/** What another node's silence means, and how soon this one breaks its own, broken by hand. */
import type { Mutant } from './mutant.ts'

export const silenceMutants: readonly Mutant[] = [
  {
    name: 'a claim that wrongly says MASTER waits as long as any other',
    file: 'src/core/protocol/turn.ts',
    find: 'if (isWaitedFor) return',
    replace: 'if (isWaitedFor && state.pauseFactor < 1) return',
  },
  {
    name: 'a claim that was published is taken for one that still says MASTER',
    file: 'src/core/protocol/publishing.ts',
    find: '    if (beatOfClaim === state.self.beat) state.mayBeSeenAsMaster = ',
    replace: '    if (beatOfClaim !== state.self.beat) state.mayBeSeenAsMaster = ',
  },
  {
    name: 'a silent master is one for ever, wherever the routes are',
    file: 'src/core/decide.ts',
    find: 'if (owner.length === 0 && isAbandoned)',
    replace: 'if (owner.length > 0 && isAbandoned)',
  },
  {
    name: 'a silent master is none as soon as its routes are away',
    file: 'src/core/protocol/view.ts',
    find: 'askedAt - state.strayedSince >= patience',
    replace: 'askedAt - state.strayedSince < patience',
  },
  {
    name: 'a silent master is none once a pin has ended',
    file: 'src/core/protocol/view.ts',
    find: 'const isAstray = !pin && isStray',
    replace: 'const isAstray = isStray',
  },
  {
    name: 'a master that reads rarely, since EC2 throttles it, is none when its routes are away',
    file: 'src/core/protocol/view.ts',
    find: 'lastsAfter : lastsAfter + LONGEST_PAUSE_FACTOR * settings.intervalMs\n  const isAbandoned',
    replace: 'lastsAfter : lastsAfter\n  const isAbandoned',
  },
]
