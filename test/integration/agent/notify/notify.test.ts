import { readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { ApiError } from '../../../../src/lab/ec2/errors.ts'
import { actionsOf, environmentFor, logLines, PROGRAM, runProgram } from '../../../support/cli.ts'
import {
  directory,
  endpoint,
  interceptWith,
  isWrite,
  startEndpointForEachTest,
  writes,
} from '../../../support/endpoint.ts'
import {
  BACKUP,
  both,
  byIds,
  eniOf,
  hook,
  idOf,
  MASTER,
  STOP,
  setTarget,
  TABLES,
  targets,
} from '../../../support/node.ts'

startEndpointForEachTest()

describe('MASTER', () => {
  test('moves every route, with nothing read before, then looks at them', async () => {
    const { exitCode, stdout } = await hook('db-2', MASTER, { instance: byIds() })
    expect(exitCode).toBe(0)
    expect(stdout).toBe('')
    expect(targets()).toEqual(both(eniOf('db-2')))
    expect(actionsOf(endpoint).slice(0, 2)).toEqual(['ReplaceRoute', 'ReplaceRoute'])
    expect(
      actionsOf(endpoint)
        .filter((action) => action.includes('Route'))
        .slice(2),
      // Beside the writes, after 1 s and after 3 s.
    ).toEqual(['DescribeRouteTables', 'DescribeRouteTables', 'DescribeRouteTables'])
  })

  test('logs what it does and why, as JSON lines', async () => {
    const run = await hook('db-2', MASTER, { instance: byIds() })
    const messages = logLines(run).map(({ msg }) => msg)
    expect(messages[0]).toBe('VI_1 MASTER 150: taking its routes')
    expect(messages).toContain('routes accepted')
    expect(messages).toContain('routes confirmed')
    expect(logLines(run).find(({ msg }) => msg === 'routes accepted')).toMatchObject({
      accepted: 2,
      ms: expect.any(Number),
    })
  })

  test('knows tables that are named, and not numbered, from the time when it was BACKUP', async () => {
    expect((await hook('db-2', BACKUP)).exitCode).toBe(0)
    endpoint.requests.length = 0
    expect((await hook('db-2', MASTER)).exitCode).toBe(0)
    expect(actionsOf(endpoint).slice(0, 2)).toEqual(['ReplaceRoute', 'ReplaceRoute'])
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('looks them up where it never was BACKUP', async () => {
    expect((await hook('db-2', MASTER)).exitCode).toBe(0)
    expect(actionsOf(endpoint).find((action) => action.includes('Route'))).toBe('DescribeRouteTables')
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('creates a route that is missing, and every kind of VIP', async () => {
    const list = idOf('vips', 'pl-')
    const instance = `vips: [10.99.0.11, "2001:db8:99::10", ${list}], routeTables: [{ name: private-a }, { name: private-c }]`
    expect((await hook('db-2', MASTER, { instance })).exitCode).toBe(0)
    for (const vip of ['10.99.0.11/32', '2001:db8:99::10/128', list]) expect(targets(vip)).toEqual(both(eniOf('db-2')))
  })

  test('learns who it is from IMDS where the config does not say', async () => {
    const metadata = await endpoint.startMetadata({ instanceId: idOf('db-2', 'i-') })
    const config = join(directory, 'config.yaml')
    await writeFile(config, `{ cluster: db, instances: { VI_1: { ${byIds()} } } }`)
    const {
      AWS_REGION: _,
      AWS_ACCESS_KEY_ID: __,
      AWS_SECRET_ACCESS_KEY: ___,
      ...env
    } = environmentFor(endpoint, {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
    })
    const { exitCode } = await runProgram(['notify', '-c', config, '--state-dir', directory, ...MASTER], env)
    expect(exitCode).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('tries again what EC2 throttles or fails, until it is accepted', async () => {
    const answers = [
      new ApiError('RequestLimitExceeded', 'Request limit exceeded.', 503),
      new ApiError('InternalError', 'x', 500),
    ]
    interceptWith(({ action }) => {
      const error = isWrite(action) ? answers.shift() : undefined
      if (error) throw error
    })
    expect((await hook('db-2', MASTER, { instance: byIds() })).exitCode).toBe(0)
    expect(writes()).toHaveLength(4)
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('one denied table of two: the other moves, the exit code is 3, and the log names the denied one', async () => {
    endpoint.region.deny.push({ action: 'ReplaceRoute', resource: idOf('private-a', 'rtb-') })
    const run = await hook('db-2', MASTER, { instance: byIds() })
    expect(run.exitCode).toBe(3)
    expect(targets()).toEqual({ 'private-a': eniOf('db-1'), 'private-c': eniOf('db-2') })
    const error = logLines(run).find(({ level }) => level === 50)
    expect(error?.msg).toContain(`10.99.0.10/32 in ${idOf('private-a', 'rtb-')}`)
    expect(error?.msg).toMatch(/UnauthorizedOperation \(request [0-9a-f-]+\)/)
    expect(error?.hint).toContain('IAM policy')
  })

  test('moves the routes even where the recorded events cannot be read', async () => {
    await hook('db-2', STOP)
    const events = join(directory, 'db-2', 'VI_1.events')
    await rename(events, `${events}.moved`)
    await writeFile(events, 'a file where the directory should be')
    const run = await hook('db-2', MASTER, { instance: byIds() })
    expect(run.exitCode).toBe(0)
    expect(run.stderr).toContain('cannot tell whether a newer event is recorded')
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('moves the routes even where its state directory cannot be written', async () => {
    await writeFile(join(directory, 'db-2'), 'a file where the state directory should be')
    const run = await hook('db-2', MASTER, { instance: byIds() })
    expect(run.exitCode).toBe(0)
    expect(logLines(run)[0]).toMatchObject({ level: 50, msg: expect.stringContaining('cannot record the event') })
    expect(targets()).toEqual(both(eniOf('db-2')))
    expect((await hook('db-2', STOP)).exitCode).toBe(1)
  })

  test('every table denied is a failure', async () => {
    endpoint.region.deny.push({ action: 'ReplaceRoute' })
    expect((await hook('db-2', MASTER, { instance: byIds() })).exitCode).toBe(1)
  })

  test('a route that was seen to be a NAT gateway’s is refused', async () => {
    for (const name of TABLES) {
      const routes = endpoint.region.routeTables.get(idOf(name, 'rtb-'))?.routes ?? []
      const route = routes.find(({ destination }) => destination.value === '10.99.0.10/32')
      if (route) route.target = { field: 'natGatewayId', id: 'nat-0a1b2c3d4e5f60718' }
    }
    endpoint.region.gateways.add('nat-0a1b2c3d4e5f60718')
    await hook('db-2', BACKUP)
    const run = await hook('db-2', MASTER)
    expect(run.exitCode).toBe(4)
    expect(writes()).toEqual([])
    expect(run.stderr).toContain('nat-0a1b2c3d4e5f60718 (NAT gateway), which is not ours to replace')
  })

  test('a hook that never saw the tables, and knows them by id, writes unread: what it cannot know it cannot refuse', async () => {
    setTarget('private-a', { field: 'gatewayId', id: 'igw-0f1e2d3c4b5a69788' })
    expect((await hook('db-2', MASTER, { instance: byIds() })).exitCode).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('a log that cannot be written, on a full disk, stops no route', async () => {
    await symlink('/dev/full', join(directory, 'notify.log'))
    const config = join(directory, 'config.yaml')
    await writeFile(config, `cluster: db\neni: ${eniOf('db-2')}\ninstances:\n  VI_1: { ${byIds()} }\n`)
    const env = environmentFor(endpoint)
    const values = ['notify', '-c', config, '--state-dir', directory, ...MASTER]
    const run = await execa(PROGRAM, values, { env, extendEnv: false, stdio: 'ignore', reject: false })
    expect(run.exitCode).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('gives up at the deadline, and says what stood in the way', async () => {
    const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }
    const run = await hook('db-2', MASTER, { instance: byIds(), flags: ['--deadline', '2500ms'], env })
    expect(run.exitCode).toBe(1)
    expect(run.stderr).toMatch(/the deadline of 2.5 s has passed; ReplaceRoute .* ECONNREFUSED/)
  })
})

describe('events that move no route', () => {
  test.each(['BACKUP', 'FAULT', 'STOP', 'DELETED'])('%s is recorded, and writes none', async (state) => {
    const run = await hook('db-1', ['INSTANCE', 'VI_1', state, '150'])
    expect(run.exitCode).toBe(0)
    expect(logLines(run)[0]?.msg).toBe(`VI_1 ${state} 150: recorded`)
    expect(writes()).toEqual([])
  })

  test('are logged beside the state where keepalived gives no stderr', async () => {
    const values = ['notify', '--state-dir', directory, ...STOP]
    await execa(PROGRAM, values, { env: environmentFor(endpoint), extendEnv: false, stdio: 'ignore' })
    const stderr = await readFile(join(directory, 'notify.log'), 'utf8')
    expect(logLines({ stderr })[0]).toMatchObject({ msg: 'VI_1 STOP 150: recorded' })
  })

  test('STOP is recorded even where there is no config', async () => {
    const run = await runProgram(
      ['notify', '-c', '/nonexistent', '--state-dir', directory, ...STOP],
      environmentFor(endpoint),
    )
    expect(run.exitCode).toBe(0)
  })
})

describe('bad input', () => {
  test('a bad event is a usage error that shows what keepalived calls', async () => {
    const run = await runProgram(['notify', 'INSTANCE', 'VI_1', 'MSTER'], environmentFor(endpoint))
    expect(run.exitCode).toBe(2)
    expect(logLines(run)[0]).toMatchObject({
      msg: expect.stringContaining('"MSTER" is not a state'),
      hint: expect.stringContaining('notify INSTANCE|GROUP NAME'),
    })
  })

  test('a VRRP instance that the config does not have is named, with those that it has', async () => {
    const run = await hook('db-2', ['INSTANCE', 'VI_9', 'MASTER', '150'])
    expect(run.exitCode).toBe(2)
    expect(logLines(run)[0]).toMatchObject({
      msg: 'no VRRP instance "VI_9" in the config',
      hint: expect.stringContaining('VI_1'),
    })
  })

  test('one selector that means no table holds up no other, and is said to have failed', async () => {
    const instance = 'vips: [10.99.0.10], routeTables: [{ name: private-a }, { name: renamed }, { name: private-c }]'
    for (const event of [BACKUP, MASTER]) {
      const run = await hook('db-2', event, { instance })
      expect(run.stderr).toContain('no route table matches the name renamed')
      expect(run.exitCode).toBe(event === MASTER ? 3 : 0)
    }
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('a table that does not exist is an error, never success with nothing to do', async () => {
    const instance = 'vips: [10.99.0.10], routeTables: [{ name: private-z }]'
    const run = await hook('db-2', MASTER, { instance })
    expect(run.exitCode).toBe(2)
    expect(run.stderr).toContain('no route table matches the name private-z')
  })

  test('a LOG_LEVEL that is none keeps no hook from its work', async () => {
    const run = await hook('db-2', STOP, { env: { LOG_LEVEL: 'loud' } })
    expect(run.exitCode).toBe(0)
    expect(logLines(run)[0]).toMatchObject({ level: 40, msg: expect.stringContaining('LOG_LEVEL "loud"') })
  })
})
