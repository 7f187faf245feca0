import { describe, expect, test } from 'vitest'
import { type JournalEntry, outdated, supersederOf } from '../../../../src/agent/node/event-order.ts'

const BOOT = 'b0-0'

function entry(ticks: number, state: string): JournalEntry {
  return { boot: BOOT, ticks, pid: 10, state, isDone: false }
}

describe('a proof of a lower master is no change of state', () => {
  const proof = entry(300, 'MASTER_RX_LOWER_PRI')

  test('so it supersedes nothing', () => {
    expect(supersederOf([entry(100, 'MASTER'), proof], entry(100, 'MASTER'))).toBeUndefined()
  })

  test('nor does it hide the state that supersedes an older event', () => {
    const master = entry(200, 'MASTER')
    expect(supersederOf([master, proof], entry(100, 'BACKUP'))).toBe(master)
    expect(supersederOf([proof, master], entry(100, 'BACKUP'))).toBe(master)
  })

  test('nor makes it forgotten', () => {
    const backup = entry(200, 'BACKUP')
    expect(outdated([entry(100, 'FAULT'), backup, proof], BOOT)).toEqual([entry(100, 'FAULT')])
    const longAgo = entry(200, 'MASTER')
    expect(outdated([longAgo, entry(100_000, 'MASTER_RX_LOWER_PRI')], BOOT)).toEqual([])
  })
})
