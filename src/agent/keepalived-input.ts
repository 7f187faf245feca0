/** keepalived's events as inputs of the protocol. */
import type { FifoEvent } from '../adapters/keepalived/event.ts'
import type { Input } from '../core/protocol/inputs-and-effects.ts'

export type KeepalivedInput = Extract<Input, { kind: 'state' | 'rx-lower-pri' }>

/** An event as an agent's input. @param priority from the event, or known from elsewhere */
export function inputOf({ state }: FifoEvent, priority: number | undefined): KeepalivedInput {
  switch (state) {
    case 'MASTER_RX_LOWER_PRI':
      return { kind: 'rx-lower-pri', priority }
    case 'MASTER_PRIORITY':
      return { kind: 'state', state: 'MASTER', priority, found: false }
    case 'BACKUP_PRIORITY':
      return { kind: 'state', state: 'BACKUP', priority, found: false }
    case 'MASTER':
    case 'BACKUP':
    case 'FAULT':
    case 'STOP':
    case 'DELETED':
      return { kind: 'state', state, priority, found: false }
  }
}
