/** The daemon's socket: a hook hands its event over, and an operator asks how things stand. */
import { existsSync, lstatSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { Failure, messageOf } from '../../platform/errors.ts'
import { underUmask } from '../../state/directory.ts'
import { assertRootsAlone } from '../../state/take-over.ts'
import { askDaemon, type ControlAnswer, type ControlRequest, parseRequest } from '../control/messages.ts'
import { acceptConversations } from './control-connections.ts'

/**
 * Serves on a unix socket that its owner and group may use, until it is aborted. One line of JSON in, one out.
 * @throws Failure where a daemon answers there already, something else is there, nothing can be, or users other than root
 *   could put something else there
 */
export async function serveControl(
  path: string,
  answer: (request: ControlRequest) => unknown,
  signal: AbortSignal,
): Promise<void> {
  await assertFree(path)
  signal.throwIfAborted()
  // Nobody else may put a link in its place.
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
