/** Logs go to stderr: JSON lines, or pretty on a terminal. */
import { type Logger, pino } from 'pino'
import { Failure } from '../errors.ts'

const STDERR = 2

/** @throws Failure of kind `usage` when LOG_LEVEL is none */
export async function openLog(): Promise<Logger> {
  const level = process.env.LOG_LEVEL?.toLowerCase() || 'info'
  if (level !== 'silent' && !(level in pino.levels.values)) {
    throw new Failure('usage', `LOG_LEVEL is "${level}": no level of the log`, {
      hint: `${Object.keys(pino.levels.values).join(', ')} or silent`,
    })
  }
  // Synchronous: a hook may end, or be ended, right after its last line.
  return pino({ level }, process.stderr.isTTY ? await prettyStream() : pino.destination({ dest: STDERR, sync: true }))
}

async function prettyStream() {
  const { PinoPretty } = await import('pino-pretty')
  return PinoPretty({ destination: STDERR, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
}
