/** What a script in keepalived.conf does with an event, as far as its words tell. */
import { closeSync, openSync, readSync } from 'node:fs'
import { basename, isAbsolute } from 'node:path'
import { Command, CommanderError } from 'commander'
import type { NotifyKeyword } from '../../../adapters/keepalived/conf/conf.ts'
import { type EventState, parseEventArguments, type VrrpEvent } from '../../../adapters/keepalived/event.ts'
import { messageOf } from '../../../platform/errors.ts'
import { addNotifyCommand } from '../../notify/command.ts'

const PROGRAM = 'vip-switch'
/** How much of a wrapper script is searched: more than anyone writes before the call. */
const LONGEST_BYTES = 65_536

/** The states in which keepalived runs each kind of script (vrrp_notify.c). */
export const STATES_OF: Readonly<Record<NotifyKeyword, readonly EventState[]>> = {
  notify: ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED'],
  notify_master: ['MASTER'],
  notify_backup: ['BACKUP'],
  notify_fault: ['FAULT'],
  notify_stop: ['STOP'],
  notify_deleted: ['DELETED'],
  notify_master_rx_lower_pri: ['MASTER_RX_LOWER_PRI'],
}

export type Call =
  /** It handles the event; for a script that names us, as far as we know. */
  | { readonly kind: 'right' }
  /** It calls us, but not for this event. */
  | { readonly kind: 'wrong'; readonly why: string }
  /** It may call us or not: a script may also call another script. */
  | { readonly kind: 'unclear' }

/** An event, as keepalived appends it to `notify` alone. */
export type Told = Pick<VrrpEvent, 'type' | 'name'>

/** The words of the event, as keepalived appends them; a sync group has priority 0. */
const wordsOf = ({ type, name }: Told, state: EventState) => [
  type,
  name,
  state,
  ...(type === 'GROUP' ? ['0'] : ['100']),
]

/**
 * Passes what keepalived would run through our own parsers.
 * @param about whom the script is to tell of
 * @param by the instance or group that has the script
 */
export function callOf(keyword: NotifyKeyword, command: readonly string[], about: Told, by: Told = about): Call {
  const program = programIn(command)
  if (!program) return { kind: command.some((word) => isAbsolute(word) && namesUs(word)) ? 'right' : 'unclear' }
  const given = command.slice(program.length)
  const tried = STATES_OF[keyword].map((state) =>
    whyWrong(keyword === 'notify' ? [...given, ...wordsOf(by, state)] : given, about, state),
  )
  const why = tried.find((each) => each !== undefined)
  return why === undefined ? { kind: 'right' } : { kind: 'wrong', why }
}

/** The line that belongs there, for the same program. */
export function rightLine(keyword: NotifyKeyword, program: readonly string[], { type, name }: Told): string {
  const fixed = keyword === 'notify' ? [] : [type, name.includes(' ') ? `'${name}'` : name, ...STATES_OF[keyword]]
  return `${keyword} "${[...program, 'notify', ...fixed].join(' ')}"`
}

/** The program and the words before it, without its arguments; undefined if a wrapper script calls it. */
export function programIn(command: readonly string[]): readonly string[] | undefined {
  const index = command.findIndex((word) => basename(word) === PROGRAM)
  return index < 0 ? undefined : command.slice(0, index + 1)
}

function whyWrong(values: readonly string[], about: Told, state: EventState): string | undefined {
  let event: VrrpEvent
  try {
    event = parseEventArguments(eventWordsIn(values))
  } catch (error) {
    return messageOf(error)
      .replace(/^error: /, '')
      .split('\n', 1)[0]
  }
  if (event.name !== about.name) return `it tells of ${event.name}, not ${about.name}`
  return event.state === state ? undefined : `it says ${event.state}, not ${state}`
}

/** What remains for `vip-switch notify` of our arguments. @throws CommanderError if they are not understood */
function eventWordsIn(values: readonly string[]): readonly string[] {
  let words: readonly string[] = []
  const program = new Command(PROGRAM).enablePositionalOptions()
  addNotifyCommand(program, () => {})
  const silent = { writeOut() {}, writeErr() {} }
  for (const command of [program, ...program.commands]) command.exitOverride().configureOutput(silent)
  program.commands[0]?.action((event: string[]) => {
    words = event
  })
  if (values[0] !== 'notify' && !values[0]?.startsWith('-')) {
    throw new CommanderError(1, 'notify', `it runs "${PROGRAM} ${values[0] ?? ''}", not "${PROGRAM} notify"`)
  }
  program.parse(values, { from: 'user' })
  return words
}

function namesUs(path: string): boolean {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    const buffer = Buffer.alloc(LONGEST_BYTES)
    return buffer.subarray(0, readSync(descriptor, buffer)).includes(PROGRAM)
  } catch {
    return false // Missing or unreadable: unknown.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
