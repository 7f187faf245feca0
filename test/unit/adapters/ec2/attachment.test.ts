/** What EC2's words for states mean, and what those mean that it has yet to add. */
import { expect, test } from 'vitest'
import { holderOf, isRunning } from '../../../../src/adapters/ec2/operations/attachment.ts'

const InstanceId = 'i-0a'

test.each([
  ['attached', InstanceId],
  ['attaching', InstanceId],
  ['detaching', undefined],
  ['detached', undefined],
  ['a-new-word', InstanceId],
  [undefined, InstanceId],
])('an interface that is %s is held by %s', (status, holder) => {
  // As from a response, which no type has checked.
  expect(holderOf(JSON.parse(JSON.stringify({ InstanceId, Status: status })))).toBe(holder)
})

test('an interface without an attachment is held by nobody', () => {
  expect(holderOf(undefined)).toBeUndefined()
})

test.each([
  ['running', true],
  ['pending', true],
  ['stopping', false],
  ['stopped', false],
  ['shutting-down', false],
  ['terminated', false],
  ['a-new-word', undefined],
])('whether an instance that is %s runs: %s', (name, runs) => {
  expect(isRunning(JSON.parse(JSON.stringify({ Name: name })))).toBe(runs)
})
