/** `vip-switch check`: a monitoring plugin. */
import { createOnlooker } from '../agent/overview/overview.ts'
import { wantedFor } from '../agent/route-port.ts'
import { systemClock } from '../clock.ts'
import { loadConfig, namesOf } from '../config/load.ts'
import { configPath } from '../config/paths.ts'
import { Failure, messageOf } from '../errors.ts'
import { checkLine, pluginLine } from '../output/check.ts'
import { type ExitCode, PLUGIN_EXIT } from '../output/exit.ts'
import { openLog } from '../output/log.ts'

/** @property timeout in milliseconds */
export type CheckOptions = { config?: string; timeout: number }

/** What is left of the time to say what was waited for. */
const MARGIN = 0.1

/** Whatever happens is one line on stdout, and a plugin's exit code. */
export async function check(name: string | undefined, options: CheckOptions): Promise<ExitCode> {
  try {
    const { line, state } = await inTime(options.timeout, lookAndSay(name, options))
    process.stdout.write(`${line}\n`)
    return PLUGIN_EXIT[state]
  } catch (error) {
    const hint = error instanceof Failure && error.hint ? ` (${error.hint})` : ''
    process.stdout.write(`${pluginLine('unknown', `${messageOf(error)}${hint}`)}\n`)
    return PLUGIN_EXIT.unknown
  }
}

async function lookAndSay(name: string | undefined, { config: path, timeout }: CheckOptions) {
  const config = loadConfig(configPath(path))
  const names = namesOf(config, name)
  const wanted = wantedFor(timeout * (1 - MARGIN), await openLog('silent'))
  const overview = await createOnlooker(config, names, systemClock, timeout).look(wanted)
  return checkLine(overview, name !== undefined)
}

async function inTime<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  const done = new AbortController()
  const late = systemClock.sleep(ms, done.signal).then(() => {
    throw new Failure('failed', `not finished within ${ms / 1000} s`, { hint: 'give it more with --timeout' })
  })
  try {
    return await Promise.race([work, late])
  } finally {
    done.abort()
    late.catch(() => {})
  }
}
