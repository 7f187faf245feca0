/** `vip-switch check`: a monitoring plugin. */

import { callContextFor } from '../../agent/node/route-port.ts'
import { namesOf } from '../../config/instances.ts'
import { loadConfig } from '../../config/load.ts'
import { configPath } from '../../config/paths.ts'
import { createObserver } from '../../overview/overview.ts'
import { systemClock } from '../../platform/clock.ts'
import { Failure, messageOf } from '../../platform/errors.ts'
import { type ExitCode, PLUGIN_EXIT } from '../../terminal/exit-code.ts'
import { openLog } from '../../terminal/log.ts'
import { print } from '../../terminal/print.ts'
import { checkJson, checkLine, pluginLine, unknownJson } from './output.ts'

/** @property timeout milliseconds */
export type CheckOptions = { json?: true; config?: string; region?: string; timeout: number }

/** Fraction of the timeout reserved for reporting what was awaited. */
const MARGIN = 0.1

/** Reports every outcome on stdout, as one line or JSON, and as a plugin's exit code. */
export async function check(name: string | undefined, options: CheckOptions): Promise<ExitCode> {
  try {
    const overview = await inTime(options.timeout, look(name, options))
    const { state, text } = options.json ? checkJson(overview) : checkLine(overview, name !== undefined)
    print(text)
    return PLUGIN_EXIT[state]
  } catch (error) {
    const hint = error instanceof Failure && error.hint ? ` (${error.hint})` : ''
    const why = `${messageOf(error)}${hint}`
    print(options.json ? unknownJson(why) : pluginLine('unknown', why))
    return PLUGIN_EXIT.unknown
  }
}

async function look(name: string | undefined, { config: path, region, timeout }: CheckOptions) {
  const config = loadConfig(configPath(path), region)
  const names = namesOf(config, name)
  const wanted = callContextFor(timeout * (1 - MARGIN), openLog('text', 'silent'))
  return createObserver(config, names, systemClock, timeout).look(wanted)
}

async function inTime<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  const done = new AbortController()
  const late = systemClock.sleep(ms, done.signal).then(() => {
    throw new Failure('failed', `not finished within ${ms / 1000} s`, { hint: 'raise --timeout' })
  })
  try {
    return await Promise.race([work, late])
  } finally {
    done.abort()
    late.catch(() => {})
  }
}
