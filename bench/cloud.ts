/** An embedded EC2 endpoint with any number of tables and a configurable delay. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestRecord } from '../src/lab/ec2/dispatch.ts'
import { ApiError } from '../src/lab/ec2/errors.ts'
import { type Ec2Endpoint, startEc2Endpoint } from '../src/lab/ec2/server.ts'

export type Cloud = {
  readonly endpoint: Ec2Endpoint
  readonly eni: string
  readonly otherEni: string
  readonly tables: readonly string[]
  /** Added to each response time, in milliseconds. */
  delay: number
  /** Called for each request on arrival, before it is answered. */
  onRequest: (request: Readonly<RequestRecord>) => void
  /** Resolves once this many more writes have succeeded, with the time (performance.now). */
  accepted(count: number): Promise<number>
  /** Resolves when a write request arrives, with the time. */
  asked(): Promise<number>
  /** Throttles as EC2's published token buckets would; `refused` counts the throttled calls. */
  enforceBuckets(): { readonly refused: () => number }
}

const isWrite = (action: string) => action === 'ReplaceRoute' || action === 'CreateRoute'

/**
 * @param vips VIPs with a route to the other node, in every table or per table number
 * @param prefixLists CIDRs by prefix list id
 */
export async function startCloud(
  tables: number,
  vips: readonly string[] | ((table: number) => readonly string[]),
  prefixLists: Readonly<Record<string, string[]>> = {},
): Promise<Cloud> {
  const vipsOf = typeof vips === 'function' ? vips : () => vips
  const routesOf = (table: number) => Object.fromEntries(vipsOf(table).map((vip) => [vip, 'db-2']))
  const seed = {
    prefixLists: Object.fromEntries(Object.entries(prefixLists).map(([id, entries]) => [id, { id, entries }])),
    vpcs: {
      main: {
        cidrs: ['10.0.0.0/16'],
        subnets: { a: { zone: 'a', cidr: '10.0.1.0/24' }, c: { zone: 'c', cidr: '10.0.2.0/24' } },
        instances: { 'db-1': '10.0.1.11', 'db-2': '10.0.2.12' },
        routeTables: Object.fromEntries(
          Array.from({ length: tables }, (_, index) => [`t${index}`, { routes: routesOf(index) }]),
        ),
      },
    },
  }
  const acceptances: (() => void)[] = []
  const arrivals: ((at: number) => void)[] = []
  const buckets = new Map<string, { tokens: number; at: number }>()
  let refused = 0
  let isEnforcing = false
  const endpoint = await startEc2Endpoint({
    seed,
    async intercept(request) {
      const at = performance.now()
      cloud.onRequest(request)
      if (isWrite(request.action)) for (const arrive of arrivals.splice(0)) arrive(at)
      if (isEnforcing && isWrite(request.action) && !hasToken(buckets, request.action)) {
        refused += 1
        throw new ApiError('RequestLimitExceeded', 'Request limit exceeded.', 503)
      }
      if (cloud.delay > 0) await sleep(cloud.delay)
      // Delayed until the response is written, as the interceptor runs before that.
      if (isWrite(request.action)) setImmediate(() => setImmediate(() => acceptances.map((each) => each())))
    },
  })
  const enis = [...endpoint.region.interfaces.values()]
  const eniOf = (address: string) => enis.find(({ addresses }) => addresses.includes(address))?.id ?? ''
  const cloud: Cloud = {
    endpoint,
    eni: eniOf('10.0.1.11'),
    otherEni: eniOf('10.0.2.12'),
    tables: [...endpoint.region.routeTables.values()]
      .filter(({ routes: { length } }) => length > 1)
      .map(({ id }) => id),
    delay: 0,
    onRequest: () => {},
    accepted(count) {
      let left = count
      return new Promise((resolve) => {
        const note = () => {
          left -= 1
          if (left > 0) return
          acceptances.splice(acceptances.indexOf(note), 1)
          resolve(performance.now())
        }
        acceptances.push(note)
      })
    },
    asked: () => new Promise((resolve) => arrivals.push(resolve)),
    enforceBuckets() {
      isEnforcing = true
      return { refused: () => refused }
    },
  }
  return cloud
}

/** ReplaceRoute and CreateRoute: bursts of 50, then 5 per second. */
function hasToken(buckets: Map<string, { tokens: number; at: number }>, action: string): boolean {
  const now = performance.now()
  const { tokens, at } = buckets.get(action) ?? { tokens: 50, at: now }
  const refilled = Math.min(50, tokens + ((now - at) / 1000) * 5)
  buckets.set(action, { tokens: Math.max(0, refilled - (refilled >= 1 ? 1 : 0)), at: now })
  return refilled >= 1
}

/** Points every route at the other node again. */
export function pointAway({ endpoint, otherEni }: Cloud): void {
  for (const { routes } of endpoint.region.routeTables.values()) {
    for (const route of routes) {
      if (route.target.field === 'networkInterfaceId') route.target = { field: 'networkInterfaceId', id: otherEni }
    }
  }
}
