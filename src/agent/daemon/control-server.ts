/** The daemon's control socket: hooks hand over events, and operators ask for the status. */
import { existsSync, lstatSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { Failure, messageOf } from '../../platform/errors.ts'
import { underUmask } from '../../state/directory.ts'
import { assertRootsAlone } from '../../state/take-over.ts'
import { askDaemon, type ControlAnswer, type ControlRequest, parseRequest } from '../control/messages.ts'
import { acceptConversations } from './control-connections.ts'

/**
 * Serves on a unix socket, open to its owner and group, until aborted. One line of JSON in, one out.
 * @throws Failure if another daemon answers there, the path is not a socket or cannot be bound, or users other than root
 *   could replace the socket
 */
export async function serveControl(
  path: string,
  answer: (request: ControlRequest) => unknown,
  signal: AbortSignal,
): Promise<void> {
  await assertFree(path)
  signal.throwIfAborted()
  // Otherwise somebody else could put a link in its place.
  if (process.geteuid?.() === 0) assertRootsAlone(dirname(path))
  removeSocket(path)
  const server = createServer(acceptConversations((line) => JSON.stringify(answered(line, answer)), signal))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(unservable(path, error)))
    // Bound before this returns, and with its mode from the start.
    underUmask(0o117, () => server.listen({ path, signal }, resolve))
  })
}

function answered(line: string, answer: (request: ControlRequest) => unknown): ControlAnswer {
  try {
    return { ok: true, status: answer(parseRequest(line)) }
  } catch (error) {
    return { ok: false, error: messageOf(error) }
  }
}

/** Two daemons on one host would be two nodes with one name. */
async function assertFree(path: string): Promise<void> {
  const answer = await askDaemon(path, { ask: 'status' }).catch(() => undefined)
  if (answer)
    throw new Failure('refused', `another daemon already answers on ${path}`, { hint: 'systemctl status vip-switch' })
}

/** Removes the socket that a killed daemon left behind; anything else is not ours to remove. */
function removeSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found && !found.isSocket()) {
    throw new Failure('failed', `${path} exists and is not a socket`, {
      hint: 'remove it, or set control in the config to another path',
    })
  }
  try {
    rmSync(path, { force: true })
  } catch (error) {
    throw unservable(path, error)
  }
}

/** Node reports EACCES for a missing directory, too. */
function unservable(path: string, error: unknown): Failure {
  const directory = dirname(path)
  const cure = existsSync(directory)
    ? `make ${directory} writable for this user (the unit runs the daemon as root)`
    : `create ${directory}, which does not exist`
  return new Failure('failed', `cannot serve on ${path}: ${messageOf(error)}`, {
    hint: `${cure}, or set control in the config to another path`,
    cause: error,
  })
}
