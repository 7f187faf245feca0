/** Shared options and their parsers. */
import { InvalidArgumentError, Option } from 'commander'
import { type Bounds, boundedDuration, durationForm } from '../config/duration.ts'
import { REGION } from '../core/ids.ts'
import type { ExitCode } from '../terminal/exit-code.ts'

/** Receives the exit code of the command. */
export type Exit = (code: ExitCode) => void

export const configOption = () =>
  new Option('-c, --config <file>', 'config file (or VIP_SWITCH_CONFIG; default /etc/vip-switch/config.yaml)')

/** @param what is kept there @param byDefault for the help: where it is otherwise */
export const stateDirOption = (what: string, byDefault: string) =>
  new Option('--state-dir <dir>', `${what} (default ${byDefault})`)

/** For every command that asks EC2, as is profileOption. */
export const regionOption = () =>
  new Option('--region <region>', 'AWS region (default: the config’s, else AWS_REGION, profile or instance)').argParser(
    regionName,
  )

export const profileOption = () =>
  new Option('--profile <profile>', 'profile of the AWS config files (default: AWS_PROFILE)')

export const logFormatOption = () =>
  new Option('--log-format <format>', 'format of what is told on stderr').choices(['text', 'json'])

/** Has every AWS client of this process use the profile, even if the environment has keys, as the AWS CLI does. */
export function useProfile(profile: string): void {
  process.env.AWS_PROFILE = profile
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) delete process.env[name]
}

function regionName(text: string): string {
  if (!REGION.test(text)) throw new InvalidArgumentError('It must be an AWS region, such as ap-northeast-1.')
  return text
}

export const deadlineOption = () =>
  new Option('--deadline <duration>', 'give up after this long (default 60s; beyond 50 routes, more)').argParser(
    duration({ least: 1000, most: 3_600_000 }),
  )

export const jsonOption = (description = 'print JSON') => new Option('--json', description)

/** A repeatable option with a list as its value. `byDefault` is for the help. */
export function repeatable(flags: string, description: string, byDefault = 'none'): Option {
  return new Option(flags, `${description}; repeatable`)
    .argParser((value, previous: string[]) => [...previous, value])
    .default([], byDefault)
}

/** Returns a parser for durations within these bounds, in milliseconds. */
export function duration(bounds: Bounds): (text: string) => number {
  return (text) => {
    const ms = boundedDuration(text, bounds)
    if (ms === undefined) throw new InvalidArgumentError(`It must be ${durationForm(bounds)}.`)
    return ms
  }
}

/** Duration of a pin: other nodes learn of it within half a minute, and nobody remembers one for months. */
export const pinDuration = duration({ least: 60_000, most: 30 * 24 * 3_600_000 })

/** Returns a parser for monitoring plugins' timeouts: seconds, with or without the unit. */
export function seconds(bounds: Bounds): (text: string) => number {
  const parse = duration(bounds)
  return (text) => parse(/^\d+$/.test(text) ? `${text}s` : text)
}

export function accountId(text: string): string {
  if (!/^\d{12}$/.test(text)) throw new InvalidArgumentError('It must be a number of 12 digits.')
  return text
}

/** Returns a parser for whole numbers in this range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

export const port = wholeNumber(0, 65_535)
