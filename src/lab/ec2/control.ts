import { messageOf } from '../../platform/errors.ts'
import { setInstanceState } from './changes.ts'
import type { Region } from './model.ts'

const STATES = ['running', 'stopped', 'terminated'] as const

/**
 * The control API for tests in other processes: `GET /_lab/requests`, and `POST /_lab/instances/ID/state` with the new
 * state as the body.
 */
export function answerLab(
  region: Region,
  requests: readonly unknown[],
  method: string | undefined,
  path: string,
  body: string,
): { status: number; text: string } {
  if (method === 'GET' && path === '/_lab/requests') return { status: 200, text: JSON.stringify(requests) }
  const [, instanceId] = /^\/_lab\/instances\/([^/]+)\/state$/.exec(path) ?? []
  if (method !== 'POST' || instanceId === undefined) return refusal(404, `no ${method} ${path} here`)
  const state = STATES.find((candidate) => candidate === body.trim())
  if (state === undefined) return refusal(400, `the state must be one of ${STATES.join(', ')}`)
  try {
    setInstanceState(region, instanceId, state)
  } catch (error) {
    return refusal(400, messageOf(error))
  }
  return { status: 200, text: JSON.stringify({ instanceId, state }) }
}

function refusal(status: number, error: string): { status: number; text: string } {
  return { status, text: JSON.stringify({ error }) }
}
