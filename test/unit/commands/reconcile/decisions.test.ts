import { expect, test } from 'vitest'
import { type Decided, decisionsJson, decisionsText } from '../../../../src/commands/reconcile/output.ts'
import { DB1, DB2, route } from '../../../support/overview.ts'

const decided: Decided = {
  eni: DB1,
  instances: [
    {
      name: 'VI_1',
      state: 'MASTER',
      priority: 150,
      decision: {
        intended: DB1,
        action: 'write',
        due: [route('private-a').key],
        condition: 'DRIFT',
        reason: 'we are MASTER 150; 1 of 2 routes is not at this node, and is written to it',
        conflict: true,
      },
    },
    {
      name: 'VI_2',
      state: 'UNKNOWN',
      priority: undefined,
      decision: { intended: DB2, action: 'yield', due: [], condition: 'OK', reason: 'ours are not', conflict: false },
    },
  ],
}

test('fits the terminal', () => {
  expect(decisionsText(decided, 200).split('\n')).toEqual([
    'VI_1  DRIFT  we are MASTER 150; 1 of 2 routes is not at this node, and is written to it',
    'VI_2  OK     ours are not',
  ])
  expect(decisionsText(decided, 60).split('\n')).toEqual([
    'VI_1  DRIFT  we are MASTER 150; 1 of 2 routes is not at this',
    '    node, and is written to it',
    'VI_2  OK  ours are not',
  ])
})

test('as JSON, has the same keys whatever is known, and what would be written', () => {
  expect(JSON.parse(decisionsJson(decided, 'db'))).toEqual({
    version: 1,
    cluster: 'db',
    here: DB1,
    instances: [
      {
        name: 'VI_1',
        state: 'MASTER',
        priority: 150,
        condition: 'DRIFT',
        action: 'write',
        intended: DB1,
        due: [{ vip: '10.99.0.10/32', table: 'rtb-0ab15050754f6a007' }],
        reason: expect.any(String),
      },
      {
        name: 'VI_2',
        state: 'UNKNOWN',
        priority: null,
        condition: 'OK',
        action: 'yield',
        intended: DB2,
        due: [],
        reason: 'ours are not',
      },
    ],
  })
})
