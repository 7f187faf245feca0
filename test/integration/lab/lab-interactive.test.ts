import { expect, test } from 'vitest'
import { environmentFor, runProgram } from '../../support/cli.ts'

test('lab --interactive without a terminal is refused, with what to do', async () => {
  const { exitCode, stdout, stderr } = await runProgram(['lab', '--interactive'], environmentFor(undefined))
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toContain('lab --interactive requires a terminal')
  expect(stderr).toContain('without --interactive, the lab tells its story anywhere')
})
