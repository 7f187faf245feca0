/** Logs go to stderr: JSON lines, or pretty on a terminal. */
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
 * Opens the log of a command.
 * @param usual the level where LOG_LEVEL is not set
 * @throws Failure of kind `usage` when LOG_LEVEL is none
 */
export async function openLog(usual = 'info'): Promise<Logger> {
  const level = levelOfEnvironment(usual)
  if (!isLevel(level)) {
    const levels = `${Object.keys(pino.levels.values).join(', ')} or silent`
    throw new Failure('usage', `LOG_LEVEL is "${level}": no level of the log`, { hint: levels })
  }
  return logTo(level, STDERR)
}

/**
 * Opens the log of a hook, which nothing may keep from its work.
 * @param stateDirectory with a file for lines whose stderr is /dev/null, as keepalived gives it to its scripts
 * @param now the moment of the next line, in milliseconds since the epoch
 */
export async function openHookLog(stateDirectory: string, now: () => number): Promise<Logger> {
  const level = levelOfEnvironment('info')
  const descriptor = (isDiscarded(STDERR) ? openFile(stateDirectory) : undefined) ?? STDERR
  const log = await logTo(isLevel(level) ? level : 'info', descriptor, now)
  if (!isLevel(level)) log.warn(`LOG_LEVEL is "${level}", which is no level of the log: taken as info`)
  return log
}

async function logTo(level: string, descriptor: number, now = Date.now): Promise<Logger> {
  const options = { level, timestamp: () => `,"time":${now()}` }
  if (descriptor === STDERR && process.stderr.isTTY) {
    const hooks = { streamWrite: (line: string) => visibleLine(line) }
    return pino({ ...options, hooks }, await prettyStream())
  }
  // Synchronous: a hook may end, or be ended, right after its last line.
  const destination = pino.destination({ fd: descriptor, sync: true })
  // On a full disk, say: otherwise the line would throw where it is said, and a route may be next. What could be told?
  destination.on('error', () => {})
  return pino({ ...options, hooks: { streamWrite: visibleJson } }, destination)
}

/** What a line says, fit for a terminal: the prettifier takes every string in it as it is. */
function visibleLine(line: string): string {
  return `${JSON.stringify(visibleIn(JSON.parse(line)))}\n`
}

const levelOfEnvironment = (usual: string) => process.env.LOG_LEVEL?.toLowerCase() || usual
const isLevel = (text: string) => text === 'silent' || text in pino.levels.values

async function prettyStream() {
  // Bundled, a CommonJS module has its default export alone.
  const { default: PinoPretty } = await import('pino-pretty')
  return PinoPretty({ destination: STDERR, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
}

function isDiscarded(descriptor: number): boolean {
  const { rdev } = fstatSync(descriptor)
  return rdev !== 0 && rdev === statSync('/dev/null').rdev
}

/** The file lies on a tmpfs, as a rule: the one before it is kept, and no more. A failover waits for no log. */
function openFile(stateDirectory: string): number | undefined {
  try {
    return inOwnState(stateDirectory, ({ path }) => {
      const file = join(path, FILE)
      const size = lstatSync(file, { throwIfNoEntry: false })?.size ?? 0
      if (size > LONGEST_FILE_BYTES) renameSync(file, `${file}.old`)
      return openOwn(file, constants.O_WRONLY | constants.O_APPEND, 0o644)
    })
  } catch {
    return undefined // Nobody is there to be told: without a file, lines go where keepalived sends them.
  }
}
