import { once } from 'node:events'
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askDaemon, type ControlRequest } from '../../../../src/agent/control/messages.ts'
import { MOST_CONVERSATIONS } from '../../../../src/agent/daemon/control-connections.ts'
import { serveControl } from '../../../../src/agent/daemon/control-server.ts'

const EVENT: ControlRequest = {
  ask: 'event',
  values: ['INSTANCE', 'VI_1', 'MASTER', '150'],
  moment: { boot: 'b0', ticks: 1, pid: 2 },
}

let directory: string
let path: string
let ends: (() => void)[]
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vip-switch-control-'))
  path = join(directory, 'control.sock')
  ends = []
})
afterEach(async () => {
  for (const end of ends) end()
  await rm(directory, { recursive: true })
})

async function serve(answer: (request: ControlRequest) => unknown = () => 'taken'): Promise<void> {
  const controller = new AbortController()
  await serveControl(path, answer, controller.signal)
  ends.push(() => controller.abort())
}

describe('the daemon’s socket', () => {
  test('takes an event and answers', async () => {
    const asked: ControlRequest[] = []
    await serve((request) => {
      asked.push(request)
      return 'taken'
    })
    expect(await askDaemon(path, EVENT)).toEqual({ ok: true, status: 'taken' })
    expect(asked).toEqual([EVENT])
  })

  test('takes the place of no file that is none', async () => {
    writeFileSync(path, 'precious')
    await expect(serve()).rejects.toThrow('exists and is not a socket')
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })

  test('where it cannot be, is told with what to do', async () => {
    path = join(directory, 'missing', 'control.sock')
    await expect(serve()).rejects.toMatchObject({
      message: expect.stringContaining(`cannot serve on ${path}`),
      hint: `create ${directory}/missing, which does not exist, or set control in the config to another path`,
    })
  })

  test('is for its owner and its group alone', async () => {
    await serve()
    expect(statSync(path).mode & 0o777).toBe(0o660)
  })

  test('answers with the error of what cannot be done', async () => {
    await serve(() => {
      throw new Error('the daemon is still starting')
    })
    expect(await askDaemon(path, { ask: 'status' })).toEqual({ ok: false, error: 'the daemon is still starting' })
  })

  test('rejects what is no request, and goes on', async () => {
    await serve()
    const socket = connect(path)
    socket.write('not JSON\n{"ask":"everything"}\n')
    const answers: string[] = []
    socket.setEncoding('utf8').on('data', (text: string) => answers.push(...text.trim().split('\n')))
    while (answers.length < 2) await once(socket, 'data')
    expect(answers.map((text) => JSON.parse(text).ok)).toEqual([false, false])
    socket.destroy()
    expect((await askDaemon(path, EVENT)).ok).toBe(true)
  })

  test('is refused to a second daemon, and taken over from a dead one', async () => {
    await serve()
    await expect(serveControl(path, () => 'taken', new AbortController().signal)).rejects.toThrow(
      'another daemon already answers',
    )
    // As the kernel closes it when a process is killed: the file stays.
    renameSync(path, `${path}.aside`)
    ends.pop()?.()
    renameSync(`${path}.aside`, path)
    await serve(() => 'the new one')
    expect(await askDaemon(path, EVENT)).toMatchObject({ status: 'the new one' })
  })
})

/** A connection that writes and reads as the test says. */
async function connected() {
  const socket = connect(path)
  socket.on('error', () => {}) // `close` follows.
  ends.push(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

const closing = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve))

describe('on the daemon’s socket', () => {
  test('a line without an end is refused, and closed', async () => {
    await serve()
    const socket = await connected()
    socket.setEncoding('utf8').write('x'.repeat(65_537))
    const [answer] = await once(socket, 'data')
    expect(JSON.parse(answer)).toEqual({ ok: false, error: 'a line is longer than 65536 bytes' })
    await closing(socket)
  })

  test('a line may come in any number of pieces', async () => {
    await serve(() => 'taken')
    const socket = await connected()
    socket.setNoDelay().setEncoding('utf8')
    for (const letter of `${JSON.stringify(EVENT)}\n`) {
      await new Promise((resolve) => socket.write(letter, resolve))
    }
    const [answer] = await once(socket, 'data')
    expect(JSON.parse(answer)).toEqual({ ok: true, status: 'taken' })
  })

  test('who asks and does not read has one answer kept, and is closed', async () => {
    let asked = 0
    const answer = 'x'.repeat(1_000_000)
    await serve(() => {
      asked += 1
      return answer
    })
    const socket = await connected()
    socket.pause()
    const closed = closing(socket)
    // More and more, as fast as it is taken: what cannot be taken any more shows that it was closed.
    const ask = () => {
      while (socket.write('{"ask":"status"}\n'.repeat(1000)));
    }
    socket.on('drain', ask)
    ask()
    await expect.poll(() => asked).toBe(1)
    expect((await askDaemon(path, EVENT)).ok).toBe(true)
    expect(asked).toBe(2)
    await closed
    expect(asked).toBe(2)
  })

  test('who says nothing is closed after a while', async () => {
    await serve()
    const socket = await connected()
    socket.resume()
    await closing(socket)
  })

  test('who holds all places gives way to whoever comes', async () => {
    await serve()
    const first = await connected()
    first.resume()
    const closed = closing(first)
    for (let held = 1; held < MOST_CONVERSATIONS; held++) await connected()
    expect((await askDaemon(path, EVENT)).ok).toBe(true)
    await closed
  })

  test.each([
    ['not JSON', 'Invalid input: expected object, received undefined'],
    ['{"ask":"everything"}', "ask: Invalid discriminator value. Expected 'event' | 'status'"],
    [
      '{"ask":"event","values":[1],"moment":{"boot":"b","ticks":"1","pid":2}}',
      'values.0: Invalid input: expected string, received number; moment.ticks: Invalid input: expected number, received string',
    ],
  ])('%s is answered in words, and not with a library’s error object', async (line, words) => {
    await serve()
    const socket = await connected()
    socket.setEncoding('utf8').write(`${line}\n`)
    const [answer] = await once(socket, 'data')
    expect(JSON.parse(answer)).toEqual({ ok: false, error: `invalid request to the daemon: ${words}` })
  })
})

describe('a hook', () => {
  test('learns at once that there is no daemon', async () => {
    await expect(askDaemon(path, EVENT)).rejects.toThrow('ENOENT')
  })

  test('does not wait for a daemon that hangs', async () => {
    const silent = createServer(() => {}).listen(path)
    ends.push(() => silent.close())
    await once(silent, 'listening')
    await expect(askDaemon(path, EVENT)).rejects.toThrow('no answer')
  })

  test.each(['', 'nonsense', '{"ok":"perhaps"}'])('is told in words that “%s” is no answer', async (line) => {
    const other = createServer((socket) => socket.end(`${line}\n`)).listen(path)
    ends.push(() => other.close())
    await once(other, 'listening')
    await expect(askDaemon(path, EVENT)).rejects.toThrow(/^the answer is not from a vip-switch daemon: [^{[\n]*$/)
  })
})
