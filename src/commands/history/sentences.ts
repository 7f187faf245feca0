/** What each entry of the history says to people. */
import type { AnyEntry, ByHand, Since, Transition, Writes } from '../../history/entry.ts'
import { countText } from '../../terminal/table.ts'
import { momentText, shortText } from '../../terminal/time.ts'

/** In a word or two. */
export function labelOf(entry: AnyEntry): string {
  switch (entry.kind) {
    case 'transition':
      return isActive(entry.to) && entry.priority !== null ? `${entry.to} ${entry.priority}` : entry.to
    case 'decision':
      return entry.condition
    case 'writes':
      if (entry.accepted === 0) return entry.failed > 0 ? 'failed' : 'ended'
      return entry.takenFrom.length > 0 ? 'healed' : 'wrote'
    case 'detail':
      return entry.isOver ? 'over' : 'notice'
    case 'by-hand':
      return entry.command
    case 'unknown':
      return '?'
    case 'priority':
    case 'proof':
    case 'confirmed':
    case 'pinned':
    case 'unpinned':
    case 'daemon':
      return entry.kind
  }
}

/** Whether a priority means anything in this state. */
const isActive = (state: Transition['to']) => state === 'MASTER' || state === 'BACKUP'

/** @param nameOf display name of an ENI */
export function sentenceOf(entry: AnyEntry, nameOf: (eni: string) => string): string {
  switch (entry.kind) {
    case 'transition':
      return transitionText(entry, entry.by === 'hook')
    case 'decision':
      return entry.reason
    case 'writes':
      return writesText(entry)
    case 'confirmed':
      return `${countText(entry.routes, 'route')} read back in place ${afterText(entry.ms, entry.since)}`
    case 'detail':
      return entry.message
    case 'by-hand':
      return byHandText(entry, nameOf)
    case 'unknown':
      return `written by another version: ${entry.text}`
    case 'priority':
      return `${entry.from} → ${entry.to}`
    case 'proof':
      return 'keepalived hears a lower master (MASTER_RX_LOWER_PRI)'
    case 'pinned':
      return `the routes are pinned to ${nameOf(entry.to)} until ${momentText(entry.until)}`
    case 'unpinned':
      return `the routes are no longer pinned to ${nameOf(entry.from)}`
    case 'daemon':
      return entry.why === null ? entry.what : `config rejected: ${entry.why}`
  }
}

function transitionText({ from, cause, found }: Transition, isHook: boolean): string {
  const why = causeText(cause, isHook)
  if (from !== 'UNKNOWN') return `was ${from}; ${why}`
  return found ? `found at the start: ${why}` : why
}

function causeText(cause: Transition['cause'], isHook: boolean): string {
  if (isHook) return 'an event of keepalived, on which its hook acted: no daemon did'
  switch (cause) {
    case 'fifo':
      return 'an event on keepalived’s FIFO'
    case 'hook':
      return 'an event that a hook handed over'
    case 'probe':
      return 'keepalived’s answer when asked'
    case 'gone':
      return 'keepalived does not run'
    case 'proof':
      return 'keepalived hears a lower master'
    case null:
      return 'an event of keepalived'
  }
}

function writesText(writes: Writes): string {
  const { accepted, failed, waiting, ended, ms, since, routes, takenFrom, errors } = writes
  const all = accepted + failed + waiting + ended
  const count = accepted === all ? countText(all, 'route') : `${accepted} of ${countText(all, 'route')}`
  const result =
    ms === null ? `none of ${countText(all, 'route')} accepted` : `${count} accepted ${afterText(ms, since)}`
  const parts = [
    `${result}: ${routesText(routes, all)}`,
    ...(takenFrom.length > 0 ? [`taken back from ${takenFrom.join(' and ')}`] : []),
    ...(failed > 0 ? [`${failed} failed: ${errors.join('; ') || 'the log says why'}`] : []),
    ...(waiting > 0 ? [`${waiting} tried again`] : []),
    ...(ended > 0 ? [`${ended} no longer wanted`] : []),
  ]
  return parts.join('; ')
}

function afterText(ms: number, since: Since): string {
  return since === 'event' ? `${shortText(ms)} after the event` : `in ${shortText(ms)}`
}

/** Each VIP with its tables. */
function routesText(routes: readonly string[], all: number): string {
  const tables = new Map<string, string[]>()
  for (const route of routes) {
    const [table = '', vip = ''] = route.split(' ')
    tables.set(vip, [...(tables.get(vip) ?? []), table])
  }
  const shown = [...tables].map(([vip, of]) => `${vip} in ${of.join(', ')}`).join('; ')
  return all > routes.length ? `${shown} and ${all - routes.length} more` : shown
}

function byHandText({ command, who, to, until, outcomes }: ByHand, nameOf: (eni: string) => string): string {
  const node = to === null ? '' : nameOf(to)
  if (command === 'unpin') return `${who} removed the pin to ${node}`
  const total = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  const counts = Object.entries(outcomes).map(([verdict, count]) => `${count} ${verdict}`)
  const moved = `${countText(total, 'route')} to ${node}: ${counts.join(', ')}`
  const end = until === null ? '' : ` until ${momentText(until)}`
  return command === 'pin' ? `${who} pinned ${moved}${end}` : `${who} switched ${moved}`
}
