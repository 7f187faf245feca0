/** The log on the screen: what keepalived, the daemons and EC2 have done since it was last asked. */
import type { Cluster } from '../cluster.ts'
import { type DaemonLogLine, parseDaemonLine } from '../daemon.ts'
import type { InterfaceRoute } from '../endpoint-control.ts'
import type { LoggedProcess, LogLine } from '../logged-process.ts'
import { inNames, type LabNode, nodes, type Scene, VIP, VRRP_INSTANCE } from '../scene.ts'
import type { LogEntry } from './view.ts'

/** pino's level from which a line is a warning. */
const WARNING = 40
const MOST_ENTRIES = 500
const ENTERING = new RegExp(`\\(${VRRP_INSTANCE}\\) Entering (\\w+) STATE`)

export type Journal = {
  /** Oldest first. */
  readonly entries: readonly LogEntry[]
  /** What `keepalived` of a node last said it is. */
  stateOf(node: LabNode): string | undefined
  add(who: string, text: string): void
  /** Takes in what is new. @param routes of the VIP, as they are now */
  update(routes: readonly InterfaceRoute[]): void
}

export function createJournal(cluster: Cluster, scene: Scene): Journal {
  const entries: LogEntry[] = []
  const states = new Map<LabNode, string>()
  const read = new WeakMap<LoggedProcess, number>()
  let known: ReadonlyMap<string, string> | undefined

  function enter(entry: LogEntry): void {
    entries.push(entry)
    entries.sort((one, other) => one.at - other.at)
    entries.splice(0, entries.length - MOST_ENTRIES)
  }

  function add(who: string, text: string): void {
    enter({ at: Date.now(), who, text, condition: undefined })
  }

  function newLines(log: LoggedProcess): readonly LogLine[] {
    const lines = log.lines.slice(read.get(log) ?? 0)
    read.set(log, log.lines.length)
    return lines
  }

  function readKeepalived(node: LabNode): void {
    for (const { at, text } of newLines(cluster.keepalivedOf(node).log)) {
      const [, state] = ENTERING.exec(text) ?? []
      if (state === undefined) continue
      states.set(node, state)
      enter({ at, who: node.name, text: `keepalived: ${state}`, condition: undefined })
    }
  }

  function readDaemon(node: LabNode): void {
    for (const line of newLines(cluster.daemonOf(node).process)) {
      const parsed = parseDaemonLine(line)
      if (!parsed || !isTold(parsed)) continue
      const { at, msg, condition } = parsed
      enter({ at, who: node.name, text: `daemon: ${inNames(msg, scene)}`, condition })
    }
  }

  /** The first look tells nothing: nobody saw what was before. */
  function compare(routes: readonly InterfaceRoute[]): void {
    const now = new Map(routes.map(({ table, target }) => [table, scene.nameOf(target)]))
    const moved = new Map<string, string[]>()
    for (const [name, id] of scene.tables) {
      const to = now.get(id) ?? 'nowhere'
      if (known && to !== (known.get(id) ?? 'nowhere')) moved.set(to, [...(moved.get(to) ?? []), name])
    }
    for (const [to, tables] of moved) add('cloud', `${VIP} → ${to} in ${tables.join(', ')}`)
    known = now
  }

  return {
    entries,
    stateOf: (node) => states.get(node),
    add,
    update(routes) {
      compare(routes)
      for (const node of nodes) {
        readKeepalived(node)
        readDaemon(node)
      }
    },
  }
}

const isTold = ({ level, condition, msg }: DaemonLogLine) =>
  condition !== undefined || level >= WARNING || msg === 'started'
