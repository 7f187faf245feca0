/** When a node reads, broken by hand. */
import type { Mutant } from './mutant.ts'

const TURN = 'src/core/protocol/turn.ts'

export const readingMutants: readonly Mutant[] = [
  {
    name: 'a MASTER reads as rarely as the others',
    file: TURN,
    find: 'return mayWrite || isMoving ? settings.intervalMs',
    replace: 'return (mayWrite || isMoving) && settings.intervalMs < 0 ? 0',
  },
  {
    name: 'what moves is looked at by the others as rarely as what does not',
    file: TURN,
    find: 'const isMoving = decision !== undefined && MOVING.has(decision.condition)',
    replace: 'const isMoving = MOVING.size < 0 && decision !== undefined',
  },
  {
    name: 'a read that is asked for during another is forgotten',
    file: TURN,
    find: '    state.readNext = true\n    return',
    replace: '    return',
  },
  {
    name: 'a pinned node reads as rarely as one that has nothing to do',
    file: TURN,
    find: "const mayWrite = self.state === 'MASTER' || pin?.eni === self.eni",
    replace: "const mayWrite = self.state === 'MASTER' || (pin?.eni === self.eni && settings.intervalMs < 0)",
  },
  {
    name: 'a node that is throttled reads as often as ever',
    file: TURN,
    find: 'state.pauseFactor * GROWTH_PER_THROTTLED_READ',
    replace: 'state.pauseFactor',
  },
  {
    name: 'a node that was throttled stays slow',
    file: 'src/core/protocol/reading.ts',
    find: '  shrinkPause(turn)\n',
    replace: '  void shrinkPause.name\n',
  },
  {
    name: 'a node that was throttled is at once as fast as ever',
    file: TURN,
    find: 'Math.max(1, state.pauseFactor * SHRINKAGE_PER_GOOD_READ)',
    replace: '1',
  },
  {
    name: 'a held edge waits as long as throttled reads do',
    file: TURN,
    find: '!state.isNewMaster && ',
    replace: '',
  },
  {
    name: 'a rival that is throttled is left in the belief that it is alone',
    file: 'src/core/protocol/view.ts',
    find: "if (self.state !== 'MASTER' || stretched === 1) return false",
    replace: "if (self.state !== 'MASTER' || stretched > 0) return false",
  },
]
