/** Values that several tests need. */
import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import type { Claim } from '../../src/core/claim.ts'
import {
  type EniId,
  type InstanceId,
  isEniId,
  isInstanceId,
  isRouteTableId,
  type RouteTableId,
} from '../../src/core/ids.ts'
import type { Route, RouteTable } from '../../src/core/route.ts'
import type { Clock } from '../../src/platform/clock.ts'

export function eni(text: string): EniId {
  if (isEniId(text)) return text
  throw new Error(`${text} is no ENI id`)
}

export function instanceId(text: string): InstanceId {
  if (isInstanceId(text)) return text
  throw new Error(`${text} is no instance id`)
}

export function rtb(text: string): RouteTableId {
  if (isRouteTableId(text)) return text
  throw new Error(`${text} is no route table id`)
}

export function tableWith(routes: readonly Route[], rest: Partial<RouteTable> = {}): RouteTable {
  return { id: rtb('rtb-0a'), name: undefined, vpc: 'vpc-0a', tags: {}, routes, ...rest }
}

/** A clock that stands still until something waits on it, and then jumps there. */
export function jumpingClock(): Clock & { readonly slept: number[] } {
  let now = 0
  const slept: number[] = []
  return {
    slept,
    now: () => now,
    wall: () => now,
    async sleep(ms, signal) {
      signal.throwIfAborted()
      slept.push(ms)
      now += ms
    },
  }
}

/** A clock that stands still until it is set. */
export function settableClock(): Clock & { set(ms: number): Promise<void> } {
  let now = 0
  const waiting = new Set<() => void>()
  return {
    now: () => now,
    wall: () => now,
    sleep(ms, signal) {
      const until = now + ms
      return new Promise((resolve, reject) => {
        const end = () => {
          waiting.delete(look)
          reject(signal.reason)
        }
        const look = () => {
          if (now < until) return
          waiting.delete(look)
          signal.removeEventListener('abort', end)
          resolve()
        }
        waiting.add(look)
        signal.addEventListener('abort', end)
        look()
      })
    },
    /** Returns when what waited for this, and waits for nothing else, has run. */
    async set(ms) {
      now = ms
      for (const look of [...waiting]) look()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

export const silentLog = pino({ level: 'silent' })

/** Whether a process runs: one that has ended, and that nobody has reaped yet, does not. */
export function isRunning(id: number | string): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${id}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Something that is awaited until it is opened. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** What a MASTER claims. */
export const claimOf = (id: EniId, rest: Partial<Claim> = {}): Claim => ({
  eni: id,
  state: 'MASTER',
  priority: 150,
  address: '10.0.2.12',
  since: 'then',
  beat: '1',
  ...rest,
})
