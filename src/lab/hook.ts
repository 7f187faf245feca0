/** The `notify` hook of a lab node: runs the built program and keeps its log. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import * as z from 'zod'

/** In every node's config. */
export const CLUSTER_NAME = 'lab'

/** The config of one VRRP instance. */
export type InstanceRoutes = { readonly vips: readonly string[]; readonly routeTables: readonly string[] }

/** The fields of a log line that the lab reads. */
const logLine = z.looseObject({
  /** Milliseconds since the epoch. */
  time: z.number(),
  /** pino's level: 30 info, 50 error. */
  level: z.number(),
  msg: z.string().default(''),
  /** Milliseconds since the process started. */
  ms: z.number().optional(),
})

export type HookLogLine = z.infer<typeof logLine>

export type Hook = {
  /** The program and its arguments; the caller appends the event. */
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  log(): HookLogLine[]
  logText(): string
}

/**
 * Writes a node's config, and a shell script that runs `bin notify` with it. The script exists for the log: keepalived
 * connects a hook's stderr to /dev/null. It execs the program, which thus keeps its process id and start time.
 */
export function writeHook(options: {
  bin: string
  directory: string
  region: string
  instances: Readonly<Record<string, InstanceRoutes>>
  /** Other settings for the config. */
  settings?: object
  env: NodeJS.ProcessEnv
}): Hook {
  const { bin, directory, region, instances, settings } = options
  const configPath = configOf(directory)
  const logPath = join(directory, 'hook.log')
  const scriptPath = join(directory, 'notify.sh')
  const notify = [process.execPath, bin, 'notify', '--config', configPath, '--state-dir', stateOf(directory)]
  writeFileSync(configPath, stringify({ cluster: CLUSTER_NAME, region, instances, ...settings }))
  writeFileSync(scriptPath, `exec ${notify.map(quoted).join(' ')} "$@" 2>>${quoted(logPath)}\n`)
  const logText = () => (existsSync(logPath) ? readFileSync(logPath, 'utf8') : '')
  return {
    command: ['/bin/sh', scriptPath],
    env: { ...withoutAwsSettings(directory), ...options.env },
    logText,
    log: () =>
      logText()
        .split('\n')
        .filter((text) => text.startsWith('{') && text.endsWith('}'))
        .map((text) => logLine.parse(JSON.parse(text))),
  }
}

/** Paths of a node's config and state, shared by hook and daemon. */
export const configOf = (directory: string) => join(directory, 'vip-switch.yaml')
export const stateOf = (directory: string) => join(directory, 'state')

/** Isolates the lab from the user's profile, keys and endpoint, and the user's account from the lab. */
function withoutAwsSettings(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: home, LOG_LEVEL: 'info' }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
