/** A daemon that cannot work yet: it waits, hears keepalived, and says what is wrong. */
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { askStatus } from '../../../../src/agent/control/status.ts'
import type { Daemon } from '../../../../src/agent/daemon/daemon.ts'
import { ApiError } from '../../../../src/lab/ec2/errors.ts'
import { closeServer, urlOf } from '../../../../src/lab/ec2/http.ts'
import { startLogged } from '../../../../src/lab/logged-process.ts'
import { environmentFor, PROGRAM, runProgram } from '../../../support/cli.ts'
import {
  createDaemon,
  inDirectory,
  statusOnSocket,
  tell,
  tellMaster,
  writeDaemonConfig,
} from '../../../support/daemon.ts'
import { directory, endpoint, interceptWith, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { both, byIds, eniOf, idOf, MASTER, setTarget, targets } from '../../../support/node.ts'
import { requires } from '../../../support/requires.ts'
import { startServiceManager } from '../../../support/service-manager.ts'

startEndpointForEachTest()

/** Answers everything with this; returns its address. */
async function server(text: string): Promise<string> {
  const listening = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(text))
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => closeServer(listening))
  return urlOf('127.0.0.1', listening)
}

/** One at which nobody listens. */
async function freePort(): Promise<number> {
  const listening = createTcpServer()
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const address = listening.address()
  await new Promise((resolve) => listening.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** From now on who connects to the port is connected to that address. */
async function forward(port: number, url: string): Promise<void> {
  const { hostname: host, port: to } = new URL(url)
  const listening = createTcpServer((socket) => {
    const onward = connect({ host, port: Number(to) })
    for (const each of [socket, onward]) each.on('error', () => {})
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => listening.listen(port, '127.0.0.1', resolve))
  onTestFinished(() => void listening.close())
}

const PAGE = '<!DOCTYPE html><html><body>Please log in</body></html>'

/** Breaks something, and mends it. */
type Fault = () => Promise<{
  readonly config?: object
  readonly env?: Record<string, string>
  mend(daemon: Daemon): Promise<void>
}>

const refusing = (code: string) => async () => {
  interceptWith(() => {
    throw new ApiError(code, 'no')
  })
  return { mend: async () => interceptWith(() => {}) }
}

/** What is asked is another address than it should be. */
const astray =
  (variable: string, address: () => Promise<string>, right: () => Promise<string>, config?: () => object): Fault =>
  async () => {
    return {
      ...(config && { config: config() }),
      env: { [variable]: await address() },
      mend: async () => void vi.stubEnv(variable, await right()),
    }
  }

/** Something else answers in EC2's place, until it goes away. */
const inPlaceOfEc2 =
  (text: string): Fault =>
  async () => {
    const listening = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(text))
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    const url = urlOf('127.0.0.1', listening)
    async function mend(): Promise<void> {
      await closeServer(listening)
      await forward(Number(new URL(url).port), endpoint.url)
    }
    return { env: { AWS_ENDPOINT_URL: url }, mend }
  }

const toMetadata = (address: () => Promise<string>) =>
  astray(
    'AWS_EC2_METADATA_SERVICE_ENDPOINT',
    address,
    async () => (await endpoint.startMetadata({ instanceId: idOf('db-1', 'i-') })).url,
    () => ({ eni: undefined }),
  )

const FAULTS: Record<string, Fault> = {
  AuthFailure: refusing('AuthFailure'),
  UnauthorizedOperation: refusing('UnauthorizedOperation'),
  RequestExpired: refusing('RequestExpired'),
  'a code that nobody knows': refusing('Gremlins'),
  'a page instead of EC2’s answer': inPlaceOfEc2(PAGE),
  'an empty answer': inPlaceOfEc2(''),
  'TLS to a plain port': async () => ({
    env: { AWS_ENDPOINT_URL: endpoint.url.replace('http:', 'https:') },
    async mend(daemon) {
      vi.stubEnv('AWS_ENDPOINT_URL', endpoint.url)
      await daemon.reload()
      // There is no keepalived to be asked what it has said before.
      tellMaster()
    },
  }),
  'nobody who listens': async () => {
    const port = await freePort()
    return { env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` }, mend: () => forward(port, endpoint.url) }
  },
  'a page instead of IMDS’ answer': toMetadata(() => server(PAGE)),
  'an empty answer of IMDS': toMetadata(() => server('')),
  'no IMDS': toMetadata(async () => 'http://127.0.0.1:9'),
}

describe('at its start a daemon waits, and then takes the route to where keepalived has said meanwhile', () => {
  test.each(Object.entries(FAULTS))(
    '%s',
    async (_, fault) => {
      for (const table of ['private-a', 'private-c'])
        setTarget(table, { field: 'networkInterfaceId', id: eniOf('db-2') })
      const { config, env = {}, mend } = await fault()
      const daemon = createDaemon(writeDaemonConfig(config))
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
      await daemon.start()
      const answer = await askStatus(inDirectory('control.sock'))
      expect(answer).toMatchObject({
        kind: 'silent',
        reason: expect.stringMatching(/^the daemon has not identified this node yet: ./),
      })
      tellMaster()
      await delay(100)
      expect(writes()).toEqual([])
      await mend(daemon)
      await vi.waitFor(() => expect(targets()).toEqual(both(eniOf('db-1'))), 15_000)
      expect(await statusOnSocket()).toMatchObject({ eni: eniOf('db-1'), instances: [{ claim: { state: 'MASTER' } }] })
    },
    30_000,
  )
})

test('a name that is not resolved does not end a daemon, either', async () => {
  const daemon = createDaemon(writeDaemonConfig())
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://ec2.invalid')
  await daemon.start()
  expect(await askStatus(inDirectory('control.sock'))).toMatchObject({ reason: expect.stringContaining('ec2.invalid') })
})

test('what stands in the way is in the log once, in status and in check, with what to do', async () => {
  await refusing('UnauthorizedOperation')()
  const path = writeDaemonConfig()
  const command = [process.execPath, PROGRAM, 'reconcile', '--config', path, '--state-dir', directory]
  const daemon = await startLogged(command, environmentFor(endpoint))
  onTestFinished(daemon.kill)
  await daemon.line(/this node is not identified yet: .*UnauthorizedOperation.*/)
  const hint = daemon.lines.find(({ text }) => text.includes('is not identified yet'))?.text
  expect(JSON.parse(hint ?? '')).toMatchObject({ level: 50, hint: expect.stringContaining('iam-policy') })
  await vi.waitFor(async () => expect(await askStatus(inDirectory('control.sock'))).toMatchObject({ kind: 'silent' }))
  const look = (words: string[]) => runProgram([...words, '--config', path], environmentFor(endpoint))
  const why =
    /the daemon does not report its state|does not report its state: the daemon has not identified this node yet: .*UnauthorizedOperation/s
  expect((await look(['status'])).stdout.replaceAll(/\s+/g, ' ')).toMatch(why)
  const { stdout: check } = await look(['check'])
  expect(check).toMatch(why)
  expect(check).toContain('vip-switch iam-policy')
  expect(daemon.lines.filter(({ text }) => text.includes('is not identified yet'))).toHaveLength(1)
})

/** Each transition hook of these writes a line. */
const withHooks = () =>
  `${byIds()}, hooks: { master: { run: [/bin/sh, -c, "echo master >> ${inDirectory('ran')}"] }, backup: { run: [/bin/sh, -c, "echo backup >> ${inDirectory('ran')}"] } }`
const ran = () =>
  existsSync(inDirectory('ran')) ? readFileSync(inDirectory('ran'), 'utf8').split('\n').filter(Boolean) : []

describe('while a daemon waits', () => {
  test('the transition hooks of a transition that its FIFO has told wait, too', async () => {
    const { mend } = await refusing('AuthFailure')()
    const daemon = createDaemon(writeDaemonConfig({}, withHooks()))
    await daemon.start()
    tell('BACKUP')
    await delay(50)
    tellMaster()
    await delay(50)
    expect(ran()).toEqual([])
    await mend()
    await expect.poll(ran, { timeout: 10_000 }).toEqual(['master'])
  })

  test('a hook acts itself, and its transition hooks are run once', async () => {
    interceptWith(({ params }) => {
      // The daemon alone asks for its interface.
      if (Object.values(params).includes('network-interface-id')) throw new ApiError('AuthFailure', 'no')
    })
    const path = writeDaemonConfig({}, withHooks())
    const daemon = createDaemon(path)
    await daemon.start()
    tell('BACKUP')
    await delay(50)
    tellMaster()
    const hook = await runProgram(
      ['notify', '--config', path, '--state-dir', directory, ...MASTER],
      environmentFor(endpoint),
    )
    expect(hook.stderr).toContain('the daemon has not identified this node yet')
    expect(hook.exitCode).toBe(0)
    expect(ran()).toEqual(['master'])
    interceptWith(() => {})
    await vi.waitFor(
      async () => expect(await statusOnSocket()).toMatchObject({ instances: [{ claim: { state: 'MASTER' } }] }),
      10_000,
    )
    tell('BACKUP')
    await expect.poll(ran).toEqual(['master', 'backup'])
  })
})

describe('a daemon whose', () => {
  test('socket cannot be made works all the same, and makes it when it can', async () => {
    const said: string[] = []
    mkdirSync(inDirectory('control.sock'))
    const daemon = createDaemon(writeDaemonConfig(), pino({}, { write: (line: string) => said.push(line) }))
    await daemon.start()
    tellMaster()
    await vi.waitFor(() => expect(writes()).toHaveLength(2), 5000)
    expect(said.join()).toContain('hooks and operators cannot reach the daemon')
    rmdirSync(inDirectory('control.sock'))
    await expect.poll(async () => (await askStatus(inDirectory('control.sock'))).kind, { timeout: 5000 }).toBe('up')
  })

  test('FIFO cannot be made works all the same, and makes it when it can', async () => {
    mkdirSync(inDirectory('notify.fifo'))
    const daemon = createDaemon(writeDaemonConfig())
    await daemon.start()
    const { exitCode } = await runProgram(
      ['notify', '--config', inDirectory('config.yaml'), '--state-dir', directory, ...MASTER],
      environmentFor(endpoint),
    )
    expect(exitCode).toBe(0)
    expect(await statusOnSocket()).toMatchObject({ instances: [{ claim: { state: 'MASTER' } }] })
    rmdirSync(inDirectory('notify.fifo'))
    await expect.poll(() => existsSync(inDirectory('notify.fifo')), { timeout: 5000 }).toBe(true)
    tell('BACKUP')
    await vi.waitFor(async () =>
      expect(await statusOnSocket()).toMatchObject({ instances: [{ claim: { state: 'BACKUP' } }] }),
    )
  })

  test.each([
    ['socket', 'control.sock', { fifo: 'other.fifo' }],
    ['FIFO', 'another vip-switch reads', { control: 'other.sock' }],
  ])(
    '%s another daemon has ends at once: two would be two nodes with one name',
    async (_, words, { fifo, control }: { fifo?: string; control?: string }) => {
      await createDaemon(writeDaemonConfig()).start()
      const keepalived = { fifo: inDirectory(fifo ?? 'notify.fifo'), pidFile: inDirectory('keepalived.pid') }
      const second = createDaemon(writeDaemonConfig({ keepalived, control: inDirectory(control ?? 'control.sock') }))
      await expect(second.start()).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining(words) })
    },
  )
})

describe.skipIf(!requires('systemd'))('under systemd a daemon that waits', () => {
  test('is ready, since it hears keepalived, and tells what it waits for', async () => {
    const manager = await startServiceManager()
    const { mend } = await refusing('AuthFailure')()
    const command = [process.execPath, PROGRAM, 'reconcile', '--config', writeDaemonConfig(), '--state-dir', directory]
    const daemon = await startLogged(command, environmentFor(endpoint, { NOTIFY_SOCKET: manager.socket }))
    onTestFinished(daemon.kill)
    expect((await manager.next(/^READY=1/)).text).toMatch(/^READY=1\nSTATUS=VI_1; waiting: .*AuthFailure/)
    await mend()
    expect((await manager.next(/^STATUS=VI_1$/)).text).toBe('STATUS=VI_1')
  })
})
