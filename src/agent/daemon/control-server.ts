/** The daemon's socket: a hook hands its event over, and an operator asks how things stand. */
import { chmodSync, existsSync, lstatSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import * as z from 'zod'
import { Failure, messageOf } from '../../platform/errors.ts'
import { issuesText } from '../../platform/schema-issues.ts'
import { exchangeLine } from '../control/line.ts'
import { acceptConversations } from './conversations.ts'

const requestSchema = z.discriminatedUnion('ask', [
  z.object({
    ask: z.literal('event'),
    /** The event as keepalived appends it: TYPE NAME STATE [PRIORITY]. */
    values: z.array(z.string()),
    moment: z.object({ boot: z.string(), ticks: z.number(), pid: z.number() }),
  }),
  z.object({ ask: z.literal('status') }),
])

export type ControlRequest = z.output<typeof requestSchema>

const answerSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), status: z.unknown().optional() }),
  z.object({ ok: z.literal(false), error: z.string() }),
])

export type ControlAnswer = z.output<typeof answerSchema>

/**
 * Serves on a unix socket that its owner and group may use, until it is aborted. One line of JSON in, one out.
 * @throws Failure where a daemon answers there already, something else is there, or nothing can be
 */
export async function serveControl(
  path: string,
  answer: (request: ControlRequest) => unknown,
  signal: AbortSignal,
): Promise<void> {
  await assertFree(path)
  signal.throwIfAborted()
  removeSocket(path)
  const server = createServer(acceptConversations((line) => JSON.stringify(answered(line, answer)), signal))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(unservable(path, error)))
    server.listen({ path, signal }, resolve)
  })
  chmodSync(path, 0o660)
}

function answered(line: string, answer: (request: ControlRequest) => unknown): ControlAnswer {
  try {
    return { ok: true, status: answer(parseRequest(line)) }
  } catch (error) {
    return { ok: false, error: messageOf(error) }
  }
}

/** @throws Failure of kind `usage` */
function parseRequest(line: string): ControlRequest {
  const { data, error } = requestSchema.safeParse(parseJson(line))
  if (data) return data
  throw new Failure('usage', `the daemon is asked what it does not know: ${issuesText(error)}`)
}

/** Undefined for what is no JSON. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** Two daemons on one host would be two nodes with one name. */
async function assertFree(path: string): Promise<void> {
  const answer = await askDaemon(path, { ask: 'status' }).catch(() => undefined)
  if (answer)
    throw new Failure('refused', `a daemon answers on ${path} already`, { hint: 'systemctl status vip-switch' })
}

/** What a daemon has left there that was killed; anything else is not ours to remove. */
function removeSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found && !found.isSocket()) {
    throw new Failure('failed', `${path} is there, and is no socket`, {
      hint: 'remove it, or name another path in control in the config',
    })
  }
  try {
    rmSync(path, { force: true })
  } catch (error) {
    throw unservable(path, error)
  }
}

/** Node calls a directory that is not there a denial, too. */
function unservable(path: string, error: unknown): Failure {
  const directory = dirname(path)
  const cure = existsSync(directory)
    ? `let ${directory} be writable for this user (its unit runs the daemon as root)`
    : `make ${directory}, which is not there`
  return new Failure('failed', `cannot serve on ${path}: ${messageOf(error)}`, {
    hint: `${cure}, or name another path in control in the config`,
    cause: error,
  })
}

/** Asks the daemon. Rejects where none answers in time. */
export async function askDaemon(path: string, request: ControlRequest): Promise<ControlAnswer> {
  return parseAnswer(await exchangeLine(path, JSON.stringify(request)))
}

/** @throws Failure where the line is no answer of a daemon */
function parseAnswer(line: string): ControlAnswer {
  const { data, error } = answerSchema.safeParse(parseJson(line))
  if (data) return data
  throw new Failure('failed', `what answers there is no daemon of vip-switch: ${issuesText(error)}`)
}
