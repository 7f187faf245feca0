/** Two keepalived on one host that write their dumps to one directory, as /tmp is: each is asked by somebody. */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { ProbeResult } from '../../src/adapters/keepalived/probe.ts'
import { requires } from '../support/requires.ts'
import { first } from './case.ts'
import { becomesMaster, raiseNode } from './lone-node.ts'

const READS = 60
/** SIGRTMIN + 2 (lib/signals.h), as `keepalived --signum=JSON` says. */
const JSON_SIGNAL = 36

function stateIn(result: ProbeResult): string | undefined {
  return result.kind === 'running' ? result.instances.get('VI_1')?.state : undefined
}

describe.skipIf(!requires('keepalived'))('of two keepalived that write to one directory', { timeout: 60_000 }, () => {
  test('ours, which is in FAULT, is never taken for the other, which is MASTER', async () => {
    const ours = raiseNode()
    const other = raiseNode()
    const environment = { TMPDIR: ours.directory }
    await becomesMaster(await ours.start([], environment))
    await becomesMaster(await other.start([], environment))
    ours.network.setLink(first, 'down')
    await expect.poll(async () => stateIn(await ours.probe.read())).toBe('FAULT')

    // Somebody asks the other one all the time, as a daemon of its own does now and then.
    const vrrp = Number(readFileSync(other.file('vrrp.pid'), 'utf8'))
    let isAsking = true
    const asking = (async () => {
      while (isAsking) {
        process.kill(vrrp, JSON_SIGNAL)
        await delay(3)
      }
    })()
    const states: (string | undefined)[] = []
    for (let reads = 0; reads < READS; reads++) states.push(stateIn(await ours.probe.read()))
    isAsking = false
    await asking
    expect(new Set(states)).not.toContain('MASTER')

    // And as soon as it is silent, ours is known again.
    await expect.poll(async () => stateIn(await ours.probe.read())).toBe('FAULT')
    expect(stateIn(await other.probe.read())).toBe('MASTER')
  })
})
