import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PERMISSIONS } from '../../src/ec2/permissions.ts'

const FOLDER = 'src/ec2'

test('every command of the EC2 SDK that is used is in the list of permissions, and no other', () => {
  const source = readdirSync(FOLDER).map((name) => readFileSync(join(FOLDER, name), 'utf8'))
  const used = source.flatMap((text) => [...text.matchAll(/\bnew (\w+)Command\(/g)].map(([, action]) => action))
  const listed = PERMISSIONS.flatMap(({ actions }) => actions)
  expect([...new Set(used)].sort()).toEqual([...new Set(listed)].sort())
})

test('each permission has a Sid of its own, in the letters that IAM takes', () => {
  const sids = PERMISSIONS.map(({ sid }) => sid)
  expect(new Set(sids).size).toBe(sids.length)
  for (const sid of sids) expect(sid).toMatch(/^[A-Za-z0-9]+$/)
})
