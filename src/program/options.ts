/** Options that several commands have, and what they are parsed to. */
import { InvalidArgumentError, Option } from 'commander'
import { DURATION_FORM, parseDuration } from '../config/duration.ts'
import type { ExitCode } from '../output/exit.ts'

/** Takes the exit code of the command that was run. */
export type Exit = (code: ExitCode) => void

export const configOption = () =>
  new Option('-c, --config <file>', 'config file (or VIP_SWITCH_CONFIG; default /etc/vip-switch/config.yaml)')

export const jsonOption = () => new Option('--json', 'print JSON')

export function collect(value: string, previous: string[]): string[] {
  return [...previous, value]
}

/** @returns milliseconds */
export function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError(`It is ${DURATION_FORM}.`)
  return ms
}

export function accountId(text: string): string {
  if (!/^\d{12}$/.test(text)) throw new InvalidArgumentError('It is a number of 12 digits.')
  return text
}

export function port(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > 65_535) throw new InvalidArgumentError('It is a number from 0 to 65535.')
  return number
}
