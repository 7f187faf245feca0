/** What the doctor makes of the state directory. */
import { expect, test } from 'vitest'
import { judgeState, type StateFacts } from '../../../../src/commands/doctor/checks/state.ts'

const SCRIPT = { name: 'x', uid: 998, gid: 998 }
const ROOT = { name: 'root', uid: 0, gid: 0 }
const directory = (uid: number, mode = 0o40755) => ({ uid, mode })
const well: StateFacts = { state: directory(0), hooks: directory(998), writable: { known: true, value: undefined } }

function judge(sight: Partial<StateFacts>, user = SCRIPT): unknown[] {
  const [{ verdict, found, mend } = { verdict: '', found: '', mend: undefined }] = judgeState('/run/x', user, {
    ...well,
    ...sight,
  })
  return [verdict, found, ...(mend ? [Object.values(mend)[0]] : [])]
}

test('is well where the user of the hooks can write to a directory of their own in root’s', () => {
  expect(judge({})).toEqual(['ok', '/run/x/hooks, for x'])
  expect(judge({ hooks: directory(0, 0o40775) })).toEqual(['ok', '/run/x/hooks, for x'])
})

test('is well where all of it is of the one user who runs all', () => {
  expect(judge({ hooks: undefined }, ROOT)).toEqual(['ok', '/run/x, for root'])
  expect(judge({ state: directory(998), hooks: undefined })).toEqual(['ok', '/run/x, for x'])
})

test('is not there: it is made as the units make it', () => {
  const writable = { known: true, value: 'finds no /run/x/hooks' } as const
  expect(judge({ hooks: undefined, writable })).toEqual([
    'fail',
    'x finds no /run/x/hooks: concurrent hooks cannot be ordered',
    'sudo install --directory --mode 0755 /run/x && sudo install --directory --mode 0755 --owner x /run/x/hooks',
  ])
  expect(judge({ state: undefined, writable: { known: true, value: 'finds no /run/x' } }, ROOT)).toEqual([
    'fail',
    'root finds no /run/x: concurrent hooks cannot be ordered',
    'sudo install --directory --mode 0755 /run/x',
  ])
})

test.each([directory(0, 0o40775), directory(0, 0o40757), directory(7)])(
  'is %j: others could lead root elsewhere',
  (state) => {
    expect(judge({ state })).toEqual([
      'fail',
      'users other than root may write to /run/x: root keeps nothing there',
      'sudo chown root /run/x && sudo chmod go-w /run/x',
    ])
  },
)

test('has a directory of another user’s for hooks', () => {
  expect(judge({ hooks: directory(7) })).toEqual([
    'fail',
    '/run/x/hooks is owned by uid 7, not by x: concurrent hooks cannot be ordered',
    'sudo chown x /run/x/hooks',
  ])
})

test('is not known where only root can try it', () => {
  expect(judge({ writable: { known: false, why: 'run this with sudo' } })).toEqual(['unknown', 'run this with sudo'])
})
