/** Logs to stderr: JSON lines, or pretty-printed on a terminal. */
import { constants, fstatSync, lstatSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { visibleJson } from '../core/visible.ts'
import { Failure } from '../platform/errors.ts'
import { openOwn } from '../state/directory.ts'
import { inOwnState } from '../state/state-directory.ts'
import { visibleIn } from './print.ts'

const STDERR = 2
const FILE = 'notify.log'
const LONGEST_FILE_BYTES = 1_000_000

/**
 * Opens a command's log.
 * @param usual the level unless LOG_LEVEL is set
 * @throws Failure of kind `usage` for an invalid LOG_LEVEL
 */
export async function openLog(usual = 'info'): Promise<Logger> {
  const level = levelOfEnvironment(usual)
  if (!isLevel(level)) {
    const levels = `${Object.keys(pino.levels.values).join(', ')} or silent`
    throw new Failure('usage', `LOG_LEVEL "${level}" is not a log level`, { hint: levels })
  }
  return logTo(level, STDERR)
}

/**
 * Opens a hook's log. Never fails: logging must not stop a hook.
 * @param stateDirectory holds the log file if stderr is /dev/null, as keepalived sets it for its scripts
 * @param now gives the time of the next line, in milliseconds since the epoch
 */
export async function openHookLog(stateDirectory: string, now: () => number): Promise<Logger> {
  const level = levelOfEnvironment('info')
  const descriptor = (isDiscarded(STDERR) ? openFile(stateDirectory) : undefined) ?? STDERR
  const log = await logTo(isLevel(level) ? level : 'info', descriptor, now)
  if (!isLevel(level)) log.warn(`LOG_LEVEL "${level}" is not a log level: using info`)
  return log
}

async function logTo(level: string, descriptor: number, now = Date.now): Promise<Logger> {
  const options = { level, timestamp: () => `,"time":${now()}` }
  if (descriptor === STDERR && process.stderr.isTTY) {
    const hooks = { streamWrite: (line: string) => visibleLine(line) }
    return pino({ ...options, hooks }, await prettyStream())
  }
  // Synchronous: a hook may exit or be killed right after its last line.
  const destination = pino.destination({ fd: descriptor, sync: true })
  // On a full disk, for example: a log call must not throw, since a route may be next, and there is nowhere to report it.
  destination.on('error', () => {})
  return pino({ ...options, hooks: { streamWrite: visibleJson } }, destination)
}

/** Makes a log line safe for a terminal: the pretty-printer passes strings through as they are. */
function visibleLine(line: string): string {
  return `${JSON.stringify(visibleIn(JSON.parse(line)))}\n`
}

const levelOfEnvironment = (usual: string) => process.env.LOG_LEVEL?.toLowerCase() || usual
const isLevel = (text: string) => text === 'silent' || text in pino.levels.values

async function prettyStream() {
  // When bundled, a CommonJS module only has a default export.
  const { default: PinoPretty } = await import('pino-pretty')
  return PinoPretty({ destination: STDERR, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
}

function isDiscarded(descriptor: number): boolean {
  const { rdev } = fstatSync(descriptor)
  return rdev !== 0 && rdev === statSync('/dev/null').rdev
}

/** The file is usually on a tmpfs: keep one predecessor at most. A failover never waits for a log. */
function openFile(stateDirectory: string): number | undefined {
  try {
    return inOwnState(stateDirectory, ({ path }) => {
      const file = join(path, FILE)
      const size = lstatSync(file, { throwIfNoEntry: false })?.size ?? 0
      if (size > LONGEST_FILE_BYTES) renameSync(file, `${file}.old`)
      return openOwn(file, constants.O_WRONLY | constants.O_APPEND, 0o644)
    })
  } catch {
    return undefined // There is nowhere to report it: lines go to stderr, wherever that leads.
  }
}
