/** Options that several commands have, and what they are parsed to. */
import { InvalidArgumentError, Option } from 'commander'
import { DURATION_FORM, parseDuration } from '../config/duration.ts'
import type { ExitCode } from '../output/exit.ts'

/** Takes the exit code of the command that was run. */
export type Exit = (code: ExitCode) => void

export const configOption = () =>
  new Option('-c, --config <file>', 'config file (or VIP_SWITCH_CONFIG; default /etc/vip-switch/config.yaml)')

export const jsonOption = (description = 'print JSON') => new Option('--json', description)

/** An option that may be given several times; its value is a list. `byDefault` is for the help. */
export function repeatable(flags: string, description: string, byDefault = 'none'): Option {
  return new Option(flags, `${description}; repeatable`)
    .argParser((value, previous: string[]) => [...previous, value])
    .default([], byDefault)
}

/** @returns milliseconds */
export function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError(`It is ${DURATION_FORM}.`)
  return ms
}

/** As plugins of monitoring take a time: seconds, with or without the unit. @returns milliseconds */
export function seconds(text: string): number {
  return duration(/^\d+$/.test(text) ? `${text}s` : text)
}

export function accountId(text: string): string {
  if (!/^\d{12}$/.test(text)) throw new InvalidArgumentError('It is a number of 12 digits.')
  return text
}

/** A parser of whole numbers of this range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`)
  }
}

export const port = wholeNumber(0, 65_535)
