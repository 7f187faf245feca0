/** The loss of a zone: connections that go dead, and an endpoint address that swallows packets. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openWay } from '../test/support/way.ts'
import type { Bench } from './bench.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { median, ms, type Part } from './measure.ts'
import { type BenchNode, makeNode, startDaemon, startHook, stop, tell } from './node.ts'

const ROUNDS = 5
const TABLES = 10
const VIP = '10.99.0.1/32'
const DELAY_MS = 30
const LIMIT_MS = 1500
/** Also this machine. */
const LOST = '127.0.0.2'
/** Connection timeout: both ends are local, so a slower connection will never be made. Milliseconds. */
const CONNECTED_MS = 200
/** Longer than anything measured. */
const PATIENCE_MS = 10_000

export async function measureLostZone(bench: Bench): Promise<Part> {
  const cloud = await startCloud(TABLES, [VIP])
  cloud.delay = DELAY_MS
  const found = {
    'blackholed connections: warm daemon': await rounds(() => daemonWithDeadConnections(bench, cloud)),
    'blackholed connections: hook alone': await rounds(() => hookWithDeadConnections(bench, cloud)),
    'an address that swallows packets: warm daemon': await rounds(() => daemonWithDeadAddress(bench, cloud)),
    'an address that swallows packets: hook alone': await rounds(() => hookWithDeadAddress(bench, cloud)),
  }
  await cloud.endpoint.close()
  return {
    name: 'A zone is lost',
    rows: Object.entries(found).map(([what, took]) => ({
      what: `${what}, ${TABLES} tables at ${DELAY_MS} ms`,
      target: `all accepted within ${ms(LIMIT_MS)}`,
      measured: `${ms(median(took))}, longest ${ms(Math.max(...took))}`,
      isMet: Math.max(...took) <= LIMIT_MS,
    })),
    notes: [
      `The address is the first of two that the bench's own dns.lookup (node --require) returns for the endpoint's name: ` +
        `a stopped process whose accept queue is full.`,
      '',
    ],
  }
}

async function rounds(measure: () => Promise<number>): Promise<number[]> {
  const found: number[] = []
  for (let round = 0; round < ROUNDS; round++) found.push(await measure())
  return found
}

/** Milliseconds from `begin` until the last write is accepted. */
async function took(cloud: Cloud, begin: () => void): Promise<number> {
  const accepted = cloud.accepted(TABLES)
  const start = performance.now()
  begin()
  const late = sleep(PATIENCE_MS, Number.POSITIVE_INFINITY, { ref: false })
  return (await Promise.race([accepted, late])) - start
}

async function tookDaemon(cloud: Cloud, node: BenchNode, lose: () => void | Promise<void>): Promise<number> {
  const daemon = await startDaemon(node, cloud)
  await lose()
  const found = await took(cloud, () => tell(node, 'MASTER'))
  await stop(daemon)
  return found
}

async function tookHook(cloud: Cloud, node: BenchNode): Promise<number> {
  const started: ChildProcess[] = []
  const found = await took(cloud, () => started.push(startHook(node)))
  for (const hook of started) await stop(hook, 'SIGKILL')
  return found
}

async function daemonWithDeadConnections({ root, directory }: Bench, cloud: Cloud): Promise<number> {
  const way = await openWay(cloud.endpoint.url)
  const place = { root, directory: join(directory, 'daemon-connection'), cloud, url: way.url }
  const found = await tookDaemon(cloud, makeNode({ ...place, instances: { VI_1: [VIP] } }), () => way.blackhole())
  way.close()
  return found
}

/** A new process has no connections yet: the first ones it opens succeed, but are dead. */
async function hookWithDeadConnections({ root, directory }: Bench, cloud: Cloud): Promise<number> {
  const way = await openWay(cloud.endpoint.url)
  way.blackhole(TABLES)
  const place = { root, directory: join(directory, 'hook-connection'), cloud, url: way.url }
  const found = await tookHook(cloud, makeNode({ ...place, instances: { VI_1: [VIP] } }))
  way.close()
  return found
}

async function daemonWithDeadAddress(bench: Bench, cloud: Cloud): Promise<number> {
  const zone = await startZone(bench, cloud)
  const found = await tookDaemon(cloud, nodeOfTwoAddresses(bench, cloud), () => zone.lose())
  await zone.end()
  return found
}

async function hookWithDeadAddress(bench: Bench, cloud: Cloud): Promise<number> {
  const zone = await startZone(bench, cloud)
  await zone.lose()
  const found = await tookHook(cloud, nodeOfTwoAddresses(bench, cloud))
  await zone.end()
  return found
}

const portOf = ({ endpoint }: Cloud) => Number(new URL(endpoint.url).port)

/** A node for which the endpoint's name has two addresses, the one to be lost first. */
function nodeOfTwoAddresses({ root, directory }: Bench, cloud: Cloud): BenchNode {
  const addresses = [LOST, '127.0.0.1'].map((address) => ({ address, family: 4 }))
  const names = join(directory, 'names.cjs')
  const lookup = `(name, options, callback) => callback(null, ${JSON.stringify(addresses)})`
  writeFileSync(names, `require('node:dns').lookup = ${lookup}\n`)
  return makeNode({
    ...{ root, directory: join(directory, 'addresses'), cloud, instances: { VI_1: [VIP] } },
    url: `http://ec2.bench:${portOf(cloud)}`,
    env: { NODE_OPTIONS: `--require=${names}` },
  })
}

async function startZone({ root }: Bench, cloud: Cloud) {
  const zone = fork(join(root, 'bench/zone.mjs'), [LOST, String(portOf(cloud))])
  await once(zone, 'message')
  const queued: Socket[] = []
  return {
    /** Stops forwarding, and stops answering new connections. */
    async lose() {
      zone.kill('SIGSTOP')
      let isMade = true
      while (isMade) {
        const socket = connect(portOf(cloud), LOST).on('error', () => {})
        queued.push(socket)
        const connected = once(socket, 'connect').then(() => true)
        isMade = await Promise.race([connected, sleep(CONNECTED_MS, false)])
      }
    },
    async end() {
      await stop(zone, 'SIGKILL')
      for (const socket of queued) socket.destroy()
    },
  }
}
