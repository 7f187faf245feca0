/** examples/cloud-init, as far as it can be judged without cloud-init. Its script is run in test/e2e. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readUserData, USER_DATA } from '../support/cloud-init.ts'

test('cloud-init takes it for its own, and knows every key', () => {
  expect(readFileSync(USER_DATA, 'utf8').split('\n', 1)).toEqual(['#cloud-config'])
  expect(readUserData().packages).toContain('keepalived')
})

test('it runs the script that it writes', () => {
  const { write_files: files, runcmd } = readUserData()
  expect(runcmd).toEqual([[files[0].path]])
  expect(files[0].permissions).toBe('0755')
})
