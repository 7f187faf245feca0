/** The `notify` hook of a lab's node: the built program, with its log kept. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import * as z from 'zod'

/** What vip-switch's config says of one VRRP instance. */
export type InstanceRoutes = { readonly vips: readonly string[]; readonly routeTables: readonly string[] }

/** What the lab reads in a line of the hook's log. */
const logLine = z.looseObject({
  /** Milliseconds since the epoch. */
  time: z.number(),
  /** pino's number of it: 30 is info, 50 an error. */
  level: z.number(),
  msg: z.string().default(''),
  /** Since the process started. */
  ms: z.number().optional(),
})

export type HookLogLine = z.infer<typeof logLine>

export type Hook = {
  /** The program and its arguments; keepalived, or who plays it, adds the event. */
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  log(): HookLogLine[]
  logText(): string
}

/**
 * Writes a node's config of vip-switch and a shell script that runs `bin notify` with it.
 * The script is there for the log: keepalived gives hooks /dev/null for stderr. It replaces itself by the program, which
 * therefore has the process id, and the moment of the fork, that keepalived gave it.
 */
export function writeHook(options: {
  bin: string
  directory: string
  region: string
  instances: Readonly<Record<string, InstanceRoutes>>
  /** What else the config says. */
  settings?: object
  env: NodeJS.ProcessEnv
}): Hook {
  const { bin, directory, region, instances, settings } = options
  const configPath = configOf(directory)
  const logPath = join(directory, 'hook.log')
  const scriptPath = join(directory, 'notify.sh')
  const notify = [process.execPath, bin, 'notify', '--config', configPath, '--state-dir', stateOf(directory)]
  writeFileSync(configPath, stringify({ cluster: 'lab', region, instances, ...settings }))
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

/** Where a node's config of vip-switch is, and its state: the hook's and the daemon's. */
export const configOf = (directory: string) => join(directory, 'vip-switch.yaml')
export const stateOf = (directory: string) => join(directory, 'state')

/** So that no profile, key or endpoint of the user reaches the lab, nor the lab the user's account. */
function withoutAwsSettings(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: home, LOG_LEVEL: 'info' }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
