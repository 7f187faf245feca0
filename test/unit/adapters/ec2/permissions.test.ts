import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OPERATOR_ACTIONS, PERMISSIONS } from '../../../../src/adapters/ec2/operations/permissions.ts'

const FOLDERS = ['src/adapters/ec2', 'src/adapters/witness']

test('every command of the SDK that is used is in the list of permissions, and no other', () => {
  const source = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  )
  const used = source.flatMap((text) => [...text.matchAll(/\bnew (\w+)Command\(/g)].map(([, action]) => action))
  const listed = [...PERMISSIONS.flatMap(({ actions }) => actions), ...OPERATOR_ACTIONS]
  expect([...new Set(used)].sort()).toEqual([...new Set(listed)].sort())
})

test('each permission has a Sid of its own, in the letters that IAM takes', () => {
  const sids = PERMISSIONS.map(({ sid }) => sid)
  expect(new Set(sids).size).toBe(sids.length)
  for (const sid of sids) expect(sid).toMatch(/^[A-Za-z0-9]+$/)
})
