/** What a node does when its interface has become another one, broken by hand. */
import type { Mutant } from './mutant.ts'

const IDENTITY = 'src/core/protocol/new-interface.ts'
const PUBLISHING = 'src/core/protocol/publishing.ts'

export const identityMutants: readonly Mutant[] = [
  {
    name: 'a new interface is not looked at before the next tick',
    file: IDENTITY,
    find: '  read(turn)\n}',
    replace: '  void read.name\n}',
  },
  {
    name: 'an edge that has written to an interface that is gone waits for its next look',
    file: IDENTITY,
    find: '  repeatEdge(turn, ',
    replace: '  void repeatEdge.bind(undefined, turn, ',
  },
  {
    name: 'an interface that was ours goes on claiming to be MASTER',
    file: IDENTITY,
    find: 'if (hadClaim && before.eni !== eni)',
    replace: 'if (hadClaim && before.eni === eni)',
  },
  {
    name: 'a new interface claims nothing',
    file: IDENTITY,
    find: '  publish(turn)\n',
    replace: '  void publish.name\n',
  },
  {
    name: 'what EC2 has refused for the interface before is not tried for the new one',
    file: IDENTITY,
    find: '  state.rejected = []\n',
    replace: '',
  },
  {
    name: 'what failed for the interface before makes the new one mute',
    file: IDENTITY,
    find: '  state.mute = false\n',
    replace: '',
  },
  {
    name: 'an answer about the interface before is taken for one about the new one',
    file: PUBLISHING,
    find: 'if (beatOfClaim !== state.publishing) return',
    replace: 'if (beatOfClaim === undefined) return',
  },
]
