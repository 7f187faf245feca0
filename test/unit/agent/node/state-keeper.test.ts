/** What is kept for processes to come, where it cannot be kept. */
import { beforeEach, expect, test } from 'vitest'
import { createStateKeeper, type StateTrouble } from '../../../../src/agent/node/state-keeper.ts'
import { Failure } from '../../../../src/platform/errors.ts'
import type { Log } from '../../../../src/platform/log.ts'

let said: string[]
let changes: (StateTrouble | undefined)[]
let isFull: boolean
let saved: string[]
beforeEach(() => {
  said = []
  changes = []
  saved = []
  isFull = true
})
const note = (about: string | object, text = String(about)) => void said.push(text)
const log: Log = { debug: note, info: note, warn: note, error: note }
const keeper = () => createStateKeeper('/run/x', log, (trouble) => changes.push(trouble))
const save = (text: string) => () => {
  if (isFull) throw new Error('ENOSPC')
  saved.push(text)
}

test('is said once, told to who shows it, and saved when there is room', () => {
  const { save: keep, retry } = keeper()
  keep('a', save('a1'))
  keep('b', save('b1'))
  retry()
  keep('a', save('a2'))
  expect(said).toEqual(['state cannot be saved in /run/x: ENOSPC; continuing without it'])
  expect(changes).toEqual([{ message: 'state cannot be saved in /run/x: ENOSPC', hint: expect.stringContaining('df') }])
  isFull = false
  retry()
  expect(said).toHaveLength(1)
  retry()
  expect(saved.sort()).toEqual(['a2', 'b1'])
  expect(said.at(-1)).toBe('state is saved in /run/x again')
  expect(changes.at(-1)).toBeUndefined()
  retry()
  expect(saved).toHaveLength(2)
})

test('what fails for good keeps nothing else from being saved', () => {
  const { save: keep, retry } = keeper()
  keep('bad', () => {
    throw new Failure('failed', 'name too long', { hint: 'give it another' })
  })
  keep('a', save('a1'))
  expect(changes).toEqual([{ message: expect.stringContaining('name too long'), hint: 'give it another' }])
  isFull = false
  retry()
  retry()
  expect(saved).toEqual(['a1'])
  expect(changes).toHaveLength(1)
})

test('where there is room nothing is said', () => {
  isFull = false
  keeper().save('a', save('a1'))
  expect([saved, said, changes]).toEqual([['a1'], [], []])
})
