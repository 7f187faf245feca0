/** What the keys of the interactive lab do. */
import type { NodeView } from './view.ts'

/** What can be wrong with a node, in the order in which it is healed: nothing is started on a frozen one. */
export const FAULTS = ['freeze', 'adverts', 'ec2', 'keepalived', 'daemon'] as const

export type Fault = (typeof FAULTS)[number]

export type Command =
  | { readonly kind: 'choose'; readonly index: number }
  | { readonly kind: 'toggle'; readonly fault: Fault }
  | { readonly kind: 'heal' }
  | { readonly kind: 'quit' }

const CONTROL_C = '\x03'

const COMMANDS: Readonly<Record<string, Command>> = {
  1: { kind: 'choose', index: 0 },
  2: { kind: 'choose', index: 1 },
  a: { kind: 'toggle', fault: 'adverts' },
  k: { kind: 'toggle', fault: 'keepalived' },
  d: { kind: 'toggle', fault: 'daemon' },
  f: { kind: 'toggle', fault: 'freeze' },
  c: { kind: 'toggle', fault: 'ec2' },
  h: { kind: 'heal' },
  q: { kind: 'quit' },
  [CONTROL_C]: { kind: 'quit' },
}

export function commandOf(key: string): Command | undefined {
  return Object.hasOwn(COMMANDS, key) ? COMMANDS[key] : undefined
}

/** The keys, each with what it does next to this node. */
export function keysFor({ name, faults }: NodeView): readonly (readonly [key: string, text: string])[] {
  const next = (fault: Fault, make: string, end: string) => (faults.has(fault) ? end : make)
  return [
    ['1 2', 'choose a node'],
    ['a', `${next('adverts', 'cut', 'heal')} adverts to ${name}`],
    ['k', `${next('keepalived', 'kill', 'start')} its keepalived`],
    ['d', `${next('daemon', 'kill', 'start')} its daemon`],
    ['f', `${next('freeze', 'freeze', 'thaw')} it`],
    ['c', `${next('ec2', 'cut', 'heal')} its way to EC2`],
    ['h', 'heal all'],
    ['q', 'quit'],
  ]
}
