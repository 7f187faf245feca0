/** What a daemon tells its service manager, heard by systemd's own tools: Node has no datagram sockets of the unix family. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { atEnd, signalIfAlive } from '../../src/lab/cleanup.ts'
import { directory } from './endpoint.ts'

const DEADLINE_MS = 10_000

export type Message = {
  /** When it was heard, in milliseconds on a clock that never jumps. */
  readonly at: number
  readonly text: string
}

export type ServiceManager = {
  /** For NOTIFY_SOCKET. */
  readonly socket: string
  readonly messages: readonly Message[]
  /** The next message that matches, after the last one that was asked for. @throws where it does not come in time */
  next(pattern: RegExp): Promise<Message>
  /** It hears nothing any more, and lets those wait who tell it something. */
  freeze(): void
}

/** systemd-notify sends this after each message, and waits until it is taken (sd_notify_barrier(3)). */
const BARRIER = 'BARRIER=1'

export async function startServiceManager(): Promise<ServiceManager> {
  const socket = join(directory, 'service-manager.sock')
  const child = spawn('systemd-socket-activate', ['--datagram', '--listen', socket, 'sh', '-c', 'exec cat <&3'])
  const pid = child.pid ?? 0
  onTestFinished(atEnd(() => signalIfAlive(pid, 'SIGKILL')))
  const events = new EventEmitter()
  const messages: Message[] = []
  let heard = 0
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = `${text}${chunk}`.split(BARRIER)
    text = parts.pop() ?? ''
    messages.push(...parts.map((part) => ({ at: performance.now(), text: part.trim() })))
    events.emit('message')
  })
  await once(child.stderr, 'data') // It listens.

  async function next(pattern: RegExp): Promise<Message> {
    const late = AbortSignal.timeout(DEADLINE_MS)
    for (;;) {
      const index = messages.findIndex((message, position) => position >= heard && pattern.test(message.text))
      const found = messages[index]
      if (found) {
        heard = index + 1
        return found
      }
      if (late.aborted) throw new Error(`nothing like ${pattern} was heard: ${JSON.stringify(messages)}`)
      await once(events, 'message', { signal: late }).catch(() => undefined)
    }
  }
  return { socket, messages, next, freeze: () => signalIfAlive(pid, 'SIGSTOP') }
}
