import { expect, test } from 'vitest'
import { commandOf, FAULTS, type Fault, keysFor } from '../../../../src/lab/interactive/keys.ts'

const node = (...faults: Fault[]) => ({
  name: 'db-1',
  state: 'MASTER',
  priority: 150,
  claim: undefined,
  daemon: { kind: 'undecided' } as const,
  faults: new Set(faults),
})

test('every key on the screen does something, and every fault has one', () => {
  const commands = keysFor(node()).flatMap(([keys]) => keys.split(' ').map(commandOf))
  expect(commands).not.toContain(undefined)
  const faults = commands.flatMap((command) => (command?.kind === 'toggle' ? [command.fault] : []))
  expect(faults.toSorted()).toEqual(FAULTS.toSorted())
})

test('a key that is not named does nothing', () => {
  expect(['x', '3', '\x1b[A', 'toString'].map(commandOf)).toEqual([undefined, undefined, undefined, undefined])
})

test('a key says whether it makes a fault or ends it', () => {
  const texts = (...faults: Fault[]) => keysFor(node(...faults)).map(([, text]) => text)
  expect(texts()).toContain('freeze it')
  expect(texts('freeze', 'adverts')).toEqual(expect.arrayContaining(['thaw it', 'heal adverts to db-1']))
})
