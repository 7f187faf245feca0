import { describe, expect, test } from 'vitest'
import { addToHistory, type KeepalivedHistory, retold } from '../../../../src/agent/daemon/keepalived-history.ts'
import type { Input } from '../../../../src/core/protocol/inputs-and-effects.ts'

type State = Extract<Input, { kind: 'state' }>

const said = (state: State['state'], found = false, priority = 150): State => ({
  kind: 'state',
  state,
  priority,
  found,
})

/** What an agent is told at `now` of states that were heard at these times. */
function told(now: number, ...states: [at: number, state: State, isHooks?: boolean][]): State[] {
  const heard = states.reduce<KeepalivedHistory | undefined>(
    (before, [at, state, isHooks = false]) => addToHistory(before, state, at, isHooks),
    undefined,
  )
  return heard ? retold(heard, now) : []
}

describe('an agent that begins late is told', () => {
  test('what was found, as found', () => {
    expect(told(100, [0, said('MASTER', true)])).toEqual([said('MASTER', true)])
  })

  test('of an edge that has just begun, as an edge', () => {
    expect(told(100, [0, said('MASTER')])).toEqual([said('MASTER')])
    expect(told(100, [0, said('BACKUP', true)], [50, said('MASTER')])).toEqual([said('BACKUP', true), said('MASTER')])
  })

  test('of one that is long over, that it is so, and what it was before: what transition hooks do is still to be done', () => {
    expect(told(60_000, [0, said('BACKUP', true)], [50, said('MASTER')])).toEqual([
      said('BACKUP', true),
      said('MASTER', true),
    ])
  })

  test('of what a hook has acted on, that it is so, and nothing of a change', () => {
    expect(told(100, [0, said('BACKUP', true)], [50, said('MASTER'), true])).toEqual([said('MASTER', true)])
    // Whichever of the two comes first.
    expect(told(100, [0, said('BACKUP', true)], [50, said('MASTER')], [60, said('MASTER'), true])).toEqual([
      said('MASTER', true),
    ])
  })

  test('of a proof of a lower master, that it is MASTER, and was before where nothing else is known', () => {
    const proof: Input = { kind: 'rx-lower-pri', priority: undefined }
    expect(retold(addToHistory(undefined, proof, 0, false), 100)).toEqual([
      { kind: 'state', state: 'MASTER', priority: undefined, found: true },
    ])
    const heard = addToHistory(addToHistory(undefined, said('BACKUP', true), 0, false), proof, 50, false)
    expect(retold(heard, 100)).toEqual([said('BACKUP', true), said('MASTER')])
  })

  test('the last of many, with its priority', () => {
    const states = [said('BACKUP', true), said('MASTER'), said('FAULT'), said('BACKUP', false, 90)]
    expect(told(100, ...states.map((state, at): [number, State] => [at, state]))).toEqual([said('BACKUP', true, 90)])
  })
})
