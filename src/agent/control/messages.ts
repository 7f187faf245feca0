/** Messages on the control socket: one line of JSON in, one out. */
import * as z from 'zod'
import { Failure } from '../../platform/errors.ts'
import { issuesText } from '../../platform/schema-issues.ts'
import { exchangeLine } from './line.ts'

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

/** @throws Failure of kind `usage` */
export function parseRequest(line: string): ControlRequest {
  const { data, error } = requestSchema.safeParse(parseJson(line))
  if (data) return data
  throw new Failure('usage', `invalid request to the daemon: ${issuesText(error)}`)
}

/** Sends a request to the daemon. Rejects if none answers in time. */
export async function askDaemon(path: string, request: ControlRequest): Promise<ControlAnswer> {
  return parseAnswer(await exchangeLine(path, JSON.stringify(request)))
}

/** @throws Failure if the line is not a daemon's answer */
function parseAnswer(line: string): ControlAnswer {
  const { data, error } = answerSchema.safeParse(parseJson(line))
  if (data) return data
  throw new Failure('failed', `the answer is not from a vip-switch daemon: ${issuesText(error)}`)
}

/** The value, if the text is valid JSON. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
