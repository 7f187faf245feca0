/** The cluster of the default seed, as somebody sees it who runs a command there, or from afar. */
import { writeFileSync } from 'node:fs'
import { claimKey, claimValue, pinKey, pinValue } from '../../src/adapters/witness/tag.ts'
import type { NodeState } from '../../src/core/claim.ts'
import { setInstanceState } from '../../src/lab/ec2/changes.ts'
import { environmentFor, type Run, runProgram } from './cli.ts'
import { inDirectory } from './daemon.ts'
import { endpoint } from './endpoint.ts'
import { eni } from './fixtures.ts'
import { eniOf, idOf, setTarget, TABLES } from './node.ts'

const ADDRESSES: Readonly<Record<string, string>> = { 'db-1': '10.0.1.11', 'db-2': '10.0.2.12' }
const SINCE = '2026-11-23T01:02:03.000Z'

function setTag(node: string, key: string, value: string): void {
  const id = eniOf(node)
  endpoint.region.tags.set(id, new Map(endpoint.region.tags.get(id)).set(key, value))
}

/** The node has published this. */
export function claim(node: string, state: NodeState, priority: number, beat = SINCE): void {
  const address = ADDRESSES[node] ?? ''
  setTag(
    node,
    claimKey('db', 'VI_1'),
    claimValue({ eni: eni(eniOf(node)), state, priority, address, since: SINCE, beat }),
  )
}

/** db-1 is MASTER, and has the routes, as the seed says. */
export function claimBoth(): void {
  claim('db-1', 'MASTER', 150)
  claim('db-2', 'BACKUP', 100)
}

/** Until half an hour from now. */
function pin(node: string): void {
  const now = Date.now()
  setTag(node, pinKey('db', 'VI_1'), pinValue({ since: now, until: now + 30 * 60_000 }))
}

/** How each condition that an onlooker can see comes about. */
export const MAKING: Readonly<Record<string, () => void>> = {
  OK: claimBoth,
  DRIFT() {
    claimBoth()
    setTarget('private-c', { field: 'networkInterfaceId', id: eniOf('db-2') })
  },
  'SPLIT-BRAIN'() {
    claim('db-1', 'MASTER', 150)
    claim('db-2', 'MASTER', 100)
  },
  BLACKHOLE() {
    claim('db-1', 'BACKUP', 150)
    claim('db-2', 'MASTER', 100)
    setInstanceState(endpoint.region, idOf('db-1', 'i-'), 'stopped')
  },
  'NO-MASTER': () => claim('db-2', 'BACKUP', 100),
  PINNED() {
    claimBoth()
    pin('db-2')
  },
  FOREIGN() {
    claimBoth()
    setTarget('private-a', { field: 'natGatewayId', id: 'nat-00000000000000001' })
  },
}

/**
 * A config that names no ENI, as on a laptop, and whose socket and pid file are in the test's directory, where there are
 * none unless the test makes them.
 */
export function writeOnlookerConfig(tables: readonly string[] = TABLES): string {
  const path = inDirectory('onlooker.yaml')
  const keepalived = { fifo: inDirectory('notify.fifo'), pidFile: inDirectory('keepalived.pid') }
  const routeTables = tables.map((name) => ({ name }))
  const instances = { VI_1: { vips: ['10.99.0.10'], routeTables } }
  writeFileSync(path, JSON.stringify({ cluster: 'db', control: inDirectory('control.sock'), keepalived, instances }))
  return path
}

/** Runs a command as somebody on a laptop, with credentials and that config. */
export function lookOn(values: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  return runProgram([...values, '--config', writeOnlookerConfig()], environmentFor(endpoint, env))
}
