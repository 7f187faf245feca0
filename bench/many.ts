/** Hundreds of VRRP instances in one daemon: a transition of all at once, and their steady-state requests. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { ms, type Part } from './measure.ts'
import { makeNode, startDaemon, stop, tell } from './node.ts'
import { processorMs, residentMb } from './profile.ts'

const INSTANCES = 200
const VIPS_EACH = 5
const TABLES = 50
const ROUTES = INSTANCES * VIPS_EACH
/** The minimum time with EC2's bucket: bursts of 50, then 5 per second. */
const FLOOR_MS = ((ROUTES - 50) / 5) * 1000
const CLAIMS = 'vip-switch'
const INTERVAL_MS = 5000
const WATCHED = 4

/** Each instance's VIPs are in a single table, or there would be 50,000 routes. */
const tableOf = (instance: number) => instance % TABLES
const vipsOf = (instance: number) => Array.from({ length: VIPS_EACH }, (_, vip) => `10.99.${instance}.${vip + 1}/32`)
const numbers = Array.from({ length: INSTANCES }, (_, index) => index)

export async function measureMany({ root, directory }: Bench): Promise<Part> {
  const cloud = await startCloud(TABLES, (table) => numbers.filter((each) => tableOf(each) === table).flatMap(vipsOf))
  const claims = fork(join(root, 'bench/dynamodb.mjs'), [CLAIMS], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const [url] = await once(claims, 'message')
  const node = makeNode({
    ...{ root, directory: join(directory, 'many'), cloud },
    instances: Object.fromEntries(numbers.map((each) => [`VI_${each}`, vipsOf(each)])),
    tablesOf: (name) => cloud.tables.filter((_, index) => index === tableOf(Number(name.slice('VI_'.length)))),
    config: { witness: { type: 'dynamodb', table: CLAIMS } },
    env: { AWS_ENDPOINT_URL_DYNAMODB: String(url) },
  })
  const daemon = await startDaemon(node, cloud)
  const moving = await measureTransition(cloud, () => tell(node, 'MASTER'))
  // Until the last ones have confirmed their routes and all are in step.
  await sleep(3 * INTERVAL_MS)
  const steady = await measureSteady(cloud, claims, daemon.pid ?? 0)
  await stop(daemon)
  claims.kill()
  await cloud.endpoint.close()
  return {
    name: `${INSTANCES} VRRP instances, ${ROUTES} VIPs and ${TABLES} tables in one daemon`,
    rows: [...moving, ...steady],
    notes: [
      `Claims are in DynamoDB (dynalite), since an interface can have only 50 tags. Each MASTER ` +
        `beats once a second; those 200 PutItem calls account for most of the CPU time.`,
      '',
    ],
  }
}

async function measureTransition(cloud: Cloud, begin: () => void): Promise<Part['rows']> {
  const { refused } = cloud.enforceBuckets()
  /** When each VIP's write was requested. */
  const asked = new Map<string, number>()
  let again = 0
  let pause = 0
  let last: number | undefined
  cloud.onRequest = ({ action, params: { DestinationCidrBlock: vip = '' } }) => {
    if (action !== 'ReplaceRoute') return
    const now = performance.now()
    pause = Math.max(pause, now - (last ?? now))
    last = now
    if (asked.has(vip)) again += 1
    else asked.set(vip, now)
  }
  const accepted = cloud.accepted(ROUTES)
  const halfway = cloud.accepted(ROUTES / 2).then(() => wholeAmong(asked))
  const start = performance.now()
  begin()
  const took = (await accepted) - start
  const ratio = took / FLOOR_MS
  const whole = await halfway
  return [
    {
      what: `all become MASTER at once: ${ROUTES} routes, in bursts of 50, then 5 per second`,
      target: `≤ 1.03 × the bucket's floor, ${ms(FLOOR_MS)}`,
      measured: `${ratio.toFixed(3)} × (${ms(took)})`,
      isMet: ratio <= 1.03,
    },
    {
      what: 'RequestLimitExceeded errors; routes written twice',
      target: 'none',
      measured: `${refused()}; ${again}`,
      isMet: refused() === 0 && again === 0,
    },
    {
      what: 'instances fully moved when half of all routes were',
      target: 'one by one: ≥ 95 of 100',
      measured: String(whole),
      isMet: whole >= 95,
    },
    {
      what: 'longest pause between writes (edges end after 5 s, then a new decision follows)',
      target: '',
      measured: ms(pause),
      isMet: undefined,
    },
  ]
}

const wholeAmong = (asked: ReadonlyMap<string, number>) =>
  numbers.filter((each) => vipsOf(each).every((vip) => asked.has(vip))).length

async function measureSteady(cloud: Cloud, claims: ChildProcess, pid: number): Promise<Part['rows']> {
  const queriesBefore = await queriesOf(claims)
  const counts = new Map<string, number>()
  cloud.onRequest = ({ action }) => void counts.set(action, (counts.get(action) ?? 0) + 1)
  const before = processorMs(pid).all
  await sleep(WATCHED * INTERVAL_MS)
  const share = ((processorMs(pid).all - before) / (WATCHED * INTERVAL_MS)) * 100
  const queries = (await queriesOf(claims)) - queriesBefore
  const perInterval = (what: string, count: number, limit: number) => ({
    what: `${what}, in ${WATCHED} intervals`,
    // Observation starts anywhere within an interval.
    target: `${limit} each, plus the interval in progress: ≤ ${limit * (WATCHED + 1)}`,
    measured: String(count),
    isMet: count <= limit * (WATCHED + 1),
  })
  return [
    perInterval('DescribeRouteTables', counts.get('DescribeRouteTables') ?? 0, 1),
    perInterval('Query of all claims', queries, 1),
    perInterval('DescribeNetworkInterfaces: pins and attachments', counts.get('DescribeNetworkInterfaces') ?? 0, 2),
    {
      what: 'route writes meanwhile',
      target: 'none',
      measured: String(counts.get('ReplaceRoute') ?? 0),
      isMet: !counts.has('ReplaceRoute'),
    },
    { what: 'CPU meanwhile', target: '', measured: `${share.toFixed(0)}% of a core`, isMet: undefined },
    {
      what: 'resident memory meanwhile',
      target: '',
      measured: `${residentMb(pid).all.toFixed(0)} MB`,
      isMet: undefined,
    },
  ]
}

async function queriesOf(claims: ChildProcess): Promise<number> {
  const answered = once(claims, 'message')
  claims.send('asked')
  const [asked] = await answered
  return Number(Reflect.get(Object(asked), 'Query'))
}
