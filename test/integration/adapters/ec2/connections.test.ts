/** What becomes of connections when one of them is not answered: over real sockets, with a clock that the test moves. */
import { once } from 'node:events'
import { createServer, type RequestListener, request as requestHttp, type Server } from 'node:http'
import { createServer as createTlsServer, type RequestOptions, request as requestHttps } from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openConnections } from '../../../../src/adapters/ec2/transport/connections.ts'
import type { Clock } from '../../../../src/platform/clock.ts'

/** Both are this machine; the name of the endpoint has them in this order. */
const ADDRESSES = ['127.0.0.1', '127.0.0.2']
const resolve: LookupFunction = (_name, _options, callback) =>
  callback(
    null,
    ADDRESSES.map((address) => ({ address, family: 4 })),
  )

/** TLS without a certificate. */
const PSK = {
  pskCallback: () => ({ psk: Buffer.from('0123456789abcdef'), identity: 'test' }),
  ciphers: 'PSK+HIGH:TLS_AES_128_GCM_SHA256',
  maxVersion: 'TLSv1.2' as const,
  checkServerIdentity: () => undefined,
}

/** A clock whose sleepers all wake when it is moved past their time. */
function movableClock(): Clock & { move(ms: number): Promise<void> } {
  let now = 0
  let sleepers: { at: number; wake(): void }[] = []
  return {
    now: () => now,
    wall: () => now,
    sleep: (ms, signal) =>
      new Promise((wake, reject) => {
        sleepers.push({ at: now + ms, wake })
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
    async move(ms) {
      now += ms
      for (const { at, wake } of sleepers) if (at <= now) wake()
      sleepers = sleepers.filter(({ at }) => at > now)
      await new Promise((settled) => setImmediate(settled))
    },
  }
}

/** A server that can be told to keep its answers back, at both addresses; what arrives, and how connections end. */
async function world(protocol: 'http' | 'https') {
  const clock = movableClock()
  const agents = openConnections({ clock, connectTimeoutMs: 5000, resolve })
  const agent = protocol === 'http' ? agents.httpAgent : agents.httpsAgent
  const state = { isSilent: false, connections: 0, requests: 0, ends: [] as string[] }
  const held: (() => void)[] = []
  const arrivals: (() => void)[] = []
  const onRequest: RequestListener = ({ socket }, response) => {
    state.requests += 1
    const answer = () => response.end(socket.localAddress)
    if (state.isSilent) held.push(answer)
    else answer()
    for (const arrived of arrivals.splice(0)) arrived()
  }
  const server: Server =
    protocol === 'http'
      ? createServer(onRequest)
      : createTlsServer({ ...PSK, pskCallback: () => PSK.pskCallback().psk }, onRequest)
  server.on('connection', () => {
    state.connections += 1
  })
  server.on(protocol === 'http' ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.on('end', () => state.ends.push('end'))
  })
  server.on('clientError', (error) => state.ends.push('code' in error ? String(error.code) : error.message))
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  onTestFinished(() => {
    agent.destroy()
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined

  /** Asks, and returns what answered: the address. */
  async function ask(signal?: AbortSignal, host = 'ec2.test'): Promise<string> {
    const options: RequestOptions = { host, port, agent, method: 'POST', ...(signal && { signal }), ...PSK }
    const request = protocol === 'http' ? requestHttp(options) : requestHttps(options)
    request.end()
    const [response] = await once(request, 'response')
    let text = ''
    for await (const chunk of response) text += chunk
    return text
  }
  const arrival = () => new Promise<void>((arrived) => arrivals.push(arrived))
  const idle = () =>
    Object.values(agent.freeSockets).flatMap((free = []) => free.filter(({ destroyed }) => !destroyed)).length
  const keepReady = (count: number) => agent.keepReady(count, { host: 'ec2.test', port, ...PSK })
  /** Closes, from the server's side, all connections that wait for a request. */
  const closeAll = () => server.closeAllConnections()
  const open = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
  return { clock, state, held, server, ask, arrival, idle, keepReady, closeAll, open }
}

describe.each(['http', 'https'] as const)('over %s', (protocol) => {
  test('one connection serves one request after the other', async () => {
    const { ask, state } = await world(protocol)
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    for (let asked = 0; asked < 15; asked++) expect(await ask()).toBe('127.0.0.1')
    await new Promise((settled) => setImmediate(settled))
    process.off('warning', note)
    expect(state.connections).toBe(1)
    expect(warnings).toEqual([])
  })

  test('a connection that does not answer: no idle one is used again, and new ones go to another address', async () => {
    const { ask, state, held, clock, arrival, idle } = await world(protocol)
    await Promise.all([ask(), ask(), ask()])
    expect(idle()).toBe(3)
    state.isSilent = true
    const arrived = arrival()
    const silent = ask()
    await arrived
    expect(idle()).toBe(2)
    await clock.move(750)
    expect(idle()).toBe(0)

    state.isSilent = false
    expect(await ask()).toBe('127.0.0.2')
    expect(state.connections).toBe(4)

    // It is avoided no longer than it is silent.
    held[0]?.()
    expect(await silent).toBe('127.0.0.1')
    const [first, second] = ADDRESSES
    expect((await Promise.all([ask(), ask(), ask(), ask()])).sort()).toEqual([first, first, first, second])
  })

  test('an address that is avoided gets another chance in the end', async () => {
    const { ask, state, clock, arrival } = await world(protocol)
    state.isSilent = true
    const arrived = arrival()
    const controller = new AbortController()
    const silent = ask(controller.signal)
    await arrived
    await clock.move(750)
    controller.abort()
    await expect(silent).rejects.toThrow()
    state.isSilent = false
    expect(await Promise.all([ask(), ask()])).toEqual(['127.0.0.2', '127.0.0.2'])
    await clock.move(60_000)
    expect((await Promise.all([ask(), ask(), ask()])).sort()).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.2'])
  })

  test('what is given up is reset, so that the kernel delivers nothing of it later', async () => {
    const { ask, state, arrival } = await world(protocol)
    state.isSilent = true
    const arrived = arrival()
    const controller = new AbortController()
    const silent = ask(controller.signal)
    await arrived
    controller.abort()
    await expect(silent).rejects.toThrow()
    await expect.poll(() => state.ends).toEqual(['ECONNRESET'])
  })

  test('as many are open as are kept ready, without a request, and so many requests at once open no other', async () => {
    const { ask, state, idle, keepReady, open } = await world(protocol)
    expect(await ask()).toBe('127.0.0.1')
    expect(idle()).toBe(1)
    keepReady(4)
    await vi.waitFor(() => expect(state.connections).toBe(4))
    expect(state.requests).toBe(1)
    await Promise.all([ask(), ask(), ask(), ask()])
    expect(state.connections).toBe(4)
    expect(idle()).toBe(4)
    // Those that have served stay with the agent; only what was never needed is closed.
    keepReady(6)
    await vi.waitFor(async () => expect(await open()).toBe(6))
    keepReady(0)
    await vi.waitFor(async () => expect(await open()).toBe(4))
    expect(idle()).toBe(4)
  })

  test('what its server closes is opened again at once, unless it had just been opened', async () => {
    const { ask, state, clock, keepReady, closeAll, open } = await world(protocol)
    keepReady(2)
    await vi.waitFor(async () => expect(await open()).toBe(2))
    await clock.move(5000)
    closeAll()
    await vi.waitFor(async () => expect([state.connections, await open()]).toEqual([4, 2]))
    closeAll()
    await vi.waitFor(async () => expect(await open()).toBe(0))
    // This side may hear of it a moment later.
    await vi.waitFor(async () => expect(await ask()).toBe('127.0.0.1'))
    keepReady(2)
    await vi.waitFor(async () => expect([state.connections, await open()]).toEqual([6, 2]))
  })

  test('those that are kept ready are closed with the idle ones when one does not answer', async () => {
    const { ask, state, clock, keepReady, arrival, open } = await world(protocol)
    keepReady(3)
    await vi.waitFor(async () => expect(await open()).toBe(3))
    state.isSilent = true
    const arrived = arrival()
    ask().catch(() => {})
    await arrived
    await clock.move(750)
    await vi.waitFor(async () => expect(await open()).toBe(1))
    state.isSilent = false
    expect(await ask()).toBe('127.0.0.2')
  })

  test('where none can be opened, the next call to keep some ready tries again', async () => {
    const { ask, server, keepReady, open } = await world(protocol)
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    await new Promise((closed) => server.close(closed))
    keepReady(2)
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    server.listen(port, '0.0.0.0')
    await once(server, 'listening')
    expect(await open()).toBe(0)
    keepReady(2)
    await vi.waitFor(async () => expect(await open()).toBe(2))
  })

  test('what cannot be connected is an error', async () => {
    const { ask, server } = await world(protocol)
    await new Promise((closed) => server.close(closed))
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await expect(ask(undefined, '127.0.0.1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
