/** Two daemons of the built program, and hooks without one, whose claims are in a DynamoDB table. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test, vi } from 'vitest'
import { askStatus } from '../../../../src/agent/control/status.ts'
import { actionsOf, environmentFor, logLines, PROGRAM, type Run, runProgram } from '../../../support/cli.ts'
import { startTable, TABLE, type TableServer } from '../../../support/dynamodb-table.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { both, byIds, eniOf, targets } from '../../../support/node.ts'

startEndpointForEachTest()

const PRIORITIES = { 'db-1': 150, 'db-2': 100 } as const
type Name = keyof typeof PRIORITIES

const inDirectoryOf = (node: Name, name: string) => join(directory, node, name)
const keyOf = (node: Name) => `VI_1#${eniOf(node)}`
const envOf = (table: TableServer, node: Name) =>
  environmentFor(endpoint, {
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
    RUNTIME_DIRECTORY: join(directory, node),
    STATE_DIRECTORY: join(directory, node),
  })

function configOf(node: Name): string {
  mkdirSync(join(directory, node), { recursive: true })
  const path = inDirectoryOf(node, 'config.yaml')
  const config = {
    cluster: 'db',
    eni: eniOf(node),
    interval: '1s',
    control: inDirectoryOf(node, 'control.sock'),
    keepalived: { fifo: inDirectoryOf(node, 'notify.fifo'), pidFile: inDirectoryOf(node, 'none.pid') },
    witness: { type: 'dynamodb', table: TABLE },
  }
  writeFileSync(
    path,
    JSON.stringify(config).replace(/}$/, () => `, instances: { VI_1: { ${byIds()} } } }`),
  )
  writeFileSync(inDirectoryOf(node, 'none.pid'), 'none')
  return path
}

/** A daemon that answers on its socket; it ends with the test. */
async function startDaemon(table: TableServer, node: Name) {
  const env = envOf(table, node)
  const options = { env, extendEnv: false, reject: false, stdin: 'ignore' } as const
  const child = execa(PROGRAM, ['reconcile', '--config', configOf(node)], options)
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await child
  })
  async function instance() {
    const answer = await askStatus(inDirectoryOf(node, 'control.sock'))
    if (answer.kind !== 'up') throw new Error(answer.reason)
    return answer.status.instances[0]
  }
  await vi.waitFor(instance, 10_000)
  return {
    instance,
    /** keepalived tells of a new state. The FIFO is held open, as keepalived does it. */
    async tell(state: string) {
      const fifo = await open(inDirectoryOf(node, 'notify.fifo'), 'a')
      onTestFinished(() => fifo.close())
      await fifo.appendFile(`INSTANCE "VI_1" ${state} ${PRIORITIES[node]}\n`)
    },
    async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<Run> {
      child.kill(signal)
      const { exitCode, stdout, stderr } = await child
      return { exitCode, stdout, stderr }
    },
  }
}

const WAIT = { timeout: 12_000, interval: 50 }

test('a master beats, is left its routes while it lives, and loses them when its beats end', async () => {
  const table = await startTable()
  const [one, two] = await Promise.all([startDaemon(table, 'db-1'), startDaemon(table, 'db-2')])
  await one.tell('MASTER')
  await two.tell('BACKUP')
  await vi.waitFor(async () => expect(await one.instance()).toMatchObject({ decision: { condition: 'OK' } }), WAIT)
  expect(targets()).toEqual(both(eniOf('db-1')))
  // One beat after the other, and nobody writes tags.
  const beat = async () => (await table.items()).get(keyOf('db-1'))?.beat
  const before = await beat()
  await expect.poll(beat, WAIT).not.toBe(before)
  expect((await table.items()).get(keyOf('db-2'))).toMatchObject({ state: 'BACKUP', prio: '100' })
  expect(actionsOf(endpoint)).not.toContain('CreateTags')

  // The adverts are lost: the lower one takes the routes, and gives way to a claim that goes on.
  await two.tell('MASTER')
  await vi.waitFor(
    async () => expect(await two.instance()).toMatchObject({ decision: { action: 'yield', condition: 'SPLIT-BRAIN' } }),
    WAIT,
  )
  await vi.waitFor(() => expect(targets()).toEqual(both(eniOf('db-1'))), WAIT)

  await one.end('SIGKILL')
  await vi.waitFor(() => expect(targets()).toEqual(both(eniOf('db-2'))), WAIT)
  expect(await two.instance()).toMatchObject({ others: [{ eni: eniOf('db-1'), liveness: 'expired' }] })
}, 60_000)

test('a table out of reach makes a node mute: it says so, decides nothing, and still takes its routes in an edge', async () => {
  const table = await startTable()
  const daemon = await startDaemon(table, 'db-1')
  await daemon.tell('BACKUP')
  await vi.waitFor(async () => expect((await table.items()).size).toBe(1), WAIT)
  await table.close()
  await daemon.tell('MASTER')
  await vi.waitFor(async () => expect(await daemon.instance()).toMatchObject({ mute: true }), WAIT)
  await vi.waitFor(() => expect(targets()).toEqual(both(eniOf('db-1'))), WAIT)
  await vi.waitFor(
    async () =>
      expect(await daemon.instance()).toMatchObject({
        decision: { action: 'none', condition: 'UNKNOWN', reason: expect.stringContaining('DynamoDB cannot be read') },
      }),
    WAIT,
  )
  const status = await runProgram(['status', '--config', configOf('db-1')], envOf(table, 'db-1'))
  expect(status.stdout).toMatch(/DynamoDB cannot be read:\n.*reading claims in vip-switch: ECONNREFUSED/)
  const logged = logLines(await daemon.end('SIGTERM')).map(({ level, msg }) => [level, String(msg)] as const)
  const errors = logged.filter(([level]) => level === 50).map(([, text]) => text)
  expect(errors.filter((text) => text.includes('the others cannot see'))).toEqual([
    expect.stringMatching(/publishing the claim of (db-1 \()?eni-\w+\)? in vip-switch: ECONN(REFUSED|RESET)/),
  ])
  expect(logged.some(([, text]) => text.startsWith('DynamoDB could not be read'))).toBe(true)
}, 60_000)

test('a hook without a daemon publishes in the table, after its writes', async () => {
  const table = await startTable()
  const hook = (state: string) =>
    runProgram(['notify', '--config', configOf('db-2'), 'INSTANCE', 'VI_1', state, '100'], envOf(table, 'db-2'))
  expect((await hook('MASTER')).exitCode).toBe(0)
  expect(targets()).toEqual(both(eniOf('db-2')))
  expect((await table.items()).get(keyOf('db-2'))).toMatchObject({ state: 'MASTER', prio: '100', addr: '10.0.2.12' })
  expect(actionsOf(endpoint)).not.toContain('CreateTags')
  expect((await hook('STOP')).exitCode).toBe(0)
  expect((await table.items()).get(keyOf('db-2'))).toMatchObject({ state: 'STOP' })
})

test('a hook moves its routes all the same where the table is out of reach, and says so', async () => {
  const table = await startTable()
  await table.close()
  const args = ['notify', '--config', configOf('db-2'), 'INSTANCE', 'VI_1', 'MASTER', '100']
  const run = await runProgram(args, envOf(table, 'db-2'))
  expect(run.exitCode).toBe(0)
  expect(targets()).toEqual(both(eniOf('db-2')))
  expect(logLines(run).some(({ msg }) => String(msg).startsWith("the others cannot see this node's claim"))).toBe(true)
})
