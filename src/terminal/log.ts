/** Logs to stderr: plain text for operators; for machines JSON lines, or pretty-printed on a terminal. */
import { constants, fstatSync, lstatSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { visibleJson } from '../core/visible.ts'
import { Failure } from '../platform/errors.ts'
import type { Level, Log } from '../platform/log.ts'
import { openOwn } from '../state/directory.ts'
import { inOwnState } from '../state/state-directory.ts'
import { noteText } from './error.ts'
import { print, visibleIn } from './print.ts'

const STDERR = 2
const FILE = 'notify.log'
const LONGEST_FILE_BYTES = 1_000_000

export type LogFormat = 'text' | 'json'

/**
 * Opens the log of an operator's command: plain text, unless JSON is asked for.
 * @param usual the level unless LOG_LEVEL is set
 * @throws Failure of kind `usage` for an invalid LOG_LEVEL
 */
export function openLog(format: LogFormat = 'text', usual = 'info'): Log {
  const level = checkedLevel(usual)
  return format === 'json' ? jsonLog(level, STDERR) : textLog(level)
}

/**
 * Opens the daemon's log: JSON lines, but pretty-printed on a terminal, unless a format is asked for.
 * @throws Failure of kind `usage` for an invalid LOG_LEVEL
 */
export async function openDaemonLog(format: LogFormat = process.stderr.isTTY ? 'text' : 'json'): Promise<Log> {
  const level = checkedLevel('info')
  return format === 'json' ? jsonLog(level, STDERR) : prettyLog(level)
}

/** @throws Failure of kind `usage` */
function checkedLevel(usual: string): string {
  const level = levelOfEnvironment(usual)
  if (isLevel(level)) return level
  const levels = `${Object.keys(pino.levels.values).join(', ')} or silent`
  throw new Failure('usage', `LOG_LEVEL "${level}" is not a log level`, { hint: levels })
}

function textLog(least: string): Log {
  const order = pino.levels.values
  const saying = (level: Level): Log[Level] => {
    if ((order[level] ?? 0) < (order[least] ?? Number.POSITIVE_INFINITY)) return () => {}
    const say = (about: string | object, words = ''): void => {
      const [text, { hint }]: [string, { hint?: unknown }] = typeof about === 'string' ? [about, {}] : [words, about]
      print(noteText(level, text, typeof hint === 'string' ? hint : undefined), process.stderr)
    }
    return say
  }
  return { debug: saying('debug'), info: saying('info'), warn: saying('warn'), error: saying('error') }
}

/**
 * Opens a hook's log. Never fails: logging must not stop a hook.
 * @param stateDirectory holds the log file if stderr is /dev/null, as keepalived sets it for its scripts
 * @param now gives the time of the next line, in milliseconds since the epoch
 */
export async function openHookLog(stateDirectory: string, now: () => number): Promise<Logger> {
  const level = levelOfEnvironment('info')
  const descriptor = (isDiscarded(STDERR) ? openFile(stateDirectory) : undefined) ?? STDERR
  const isPretty = descriptor === STDERR && process.stderr.isTTY
  const least = isLevel(level) ? level : 'info'
  const log = isPretty ? await prettyLog(least, now) : jsonLog(least, descriptor, now)
  if (!isLevel(level)) log.warn(`LOG_LEVEL "${level}" is not a log level: using info`)
  return log
}

async function prettyLog(level: string, now = Date.now): Promise<Logger> {
  const hooks = { streamWrite: (line: string) => visibleLine(line) }
  return pino({ level, timestamp: timestampOf(now), hooks }, await prettyStream())
}

function jsonLog(level: string, descriptor: number, now = Date.now): Logger {
  // Synchronous: a hook may exit or be killed right after its last line.
  const destination = pino.destination({ fd: descriptor, sync: true })
  // On a full disk, for example: a log call must not throw, since a route may be next, and there is nowhere to report it.
  destination.on('error', () => {})
  return pino({ level, timestamp: timestampOf(now), hooks: { streamWrite: visibleJson } }, destination)
}

const timestampOf = (now: () => number) => () => `,"time":${now()}`

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
