/** keepalived's true state, as keepalived itself tells it: a signal, and a file that it writes. */
import { execFile } from 'node:child_process'
import { constants, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseDestination, sameDestination } from '../../core/vip.ts'
import { type Clock, systemClock } from '../../platform/clock.ts'
import { Failure, messageOf } from '../../platform/errors.ts'
import { type DataStatus, parseDataDump } from './data-dump.ts'
import { freshFile } from './fresh-file.ts'
import { type GroupStatus, groupStatus, type InstanceStatus } from './instance-status.ts'
import { type JsonStatus, parseJsonDump } from './json-dump.ts'
import { NO_TRACES, tracesOf, wereSilent } from './other-keepalived.ts'
import {
  findKeepalived,
  isStillThere,
  type KeepalivedProcess,
  takesSignal,
  temporaryDirectory,
  userOf,
} from './process.ts'

export type ProbeResult =
  | {
      readonly kind: 'running'
      readonly pid: number
      /** By name, as are the groups. */
      readonly instances: ReadonlyMap<string, InstanceStatus>
      readonly groups: ReadonlyMap<string, GroupStatus>
      /** Why addresses and sync groups are not known; undefined when they are. */
      readonly lacking: string | undefined
    }
  /** No keepalived runs on this node. */
  | { readonly kind: 'not-running'; readonly reason: string }
  /** Nothing is said of the state: it may be what it was, or another. */
  | { readonly kind: 'unknown'; readonly reason: string }

export type ProbeOptions = {
  readonly pidFile: string
  /** Names of VRRP instances and sync groups. A dump that holds none of them is another keepalived's. */
  readonly expected: readonly string[]
  /** How long keepalived may take to write a file. */
  readonly timeoutMs?: number
  /** keepalived's program, which tells its signal numbers; the one that runs by default. */
  readonly program?: string
  readonly clock?: Clock
}

export type Probe = {
  /**
   * What is true now: no answer is older than the call. keepalived logs a line for each.
   * It needs root, or CAP_KILL, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH: keepalived is root, and its files are its own.
   */
  read(): Promise<ProbeResult>
}

/** What a reload of keepalived alone can change: all that the JSON lacks. */
type Layout = {
  readonly instances: ReadonlyMap<string, Pick<DataStatus, 'address' | 'group'>>
  readonly lacking: string | undefined
  /** By the clock. */
  readonly readAt: number
}

/** What is known of one process of keepalived. */
type Known = {
  readonly process: KeepalivedProcess
  /** Undefined for a keepalived that was built without JSON. */
  readonly jsonSignal: number | undefined
  layout: Layout | undefined
}

const TIMEOUT_MS = 1000
/** Of a dump that another keepalived may have written over; each is another line in keepalived's log. */
const ATTEMPTS = 4
/** How late an address or a group that a reload has changed may be noticed; each look is two more lines in the log. */
const LAYOUT_AGE_MS = 60_000
/** keepalived(8), SIGFUNC=DATA. */
const DATA_SIGNAL = constants.signals.SIGUSR1

export function createProbe(options: ProbeOptions): Probe {
  const { pidFile, expected, timeoutMs = TIMEOUT_MS, program, clock = systemClock } = options
  let known: Known | undefined
  let running: Promise<ProbeResult> | undefined
  let next: Promise<ProbeResult> | undefined
  /** Of other keepalived, at the last look. */
  let traces = NO_TRACES

  async function probe(): Promise<ProbeResult> {
    const found = findKeepalived(pidFile)
    if (found.kind !== 'running') return found
    const result = await ask(found.process).catch((error) => unknown(messageOf(error)))
    if (isStillThere(found.process)) return result
    const now = findKeepalived(pidFile)
    return now.kind === 'running' ? unknown('keepalived was restarted while it was asked') : now
  }

  async function ask(process: KeepalivedProcess): Promise<ProbeResult> {
    if (known?.process.pid !== process.pid || known.process.startTicks !== process.startTicks) {
      known = { process, jsonSignal: await jsonSignalOf(process, program), layout: undefined }
    }
    if (known.jsonSignal === undefined) {
      const data = await readData(process)
      const states = data.map(({ group: _group, address: _address, ...status }) => status)
      return resultOf(process, states, layoutOf(data), expected)
    }
    const states = await dump(process, known.jsonSignal, 'keepalived.json', parseJsonDump)
    if (!known.layout || isOutdated(known.layout, states)) known.layout = await readLayout(process)
    return resultOf(process, states, known.layout, expected)
  }

  function isOutdated({ readAt, lacking, instances }: Layout, states: readonly JsonStatus[]): boolean {
    const names = new Set([...instances].flatMap(([name, { group }]) => (group === undefined ? [name] : [name, group])))
    const isWhole = [...expected, ...states.map(({ name }) => name)].every((name) => names.has(name))
    return clock.now() - readAt > LAYOUT_AGE_MS || (lacking === undefined && !isWhole)
  }

  async function readLayout(process: KeepalivedProcess): Promise<Layout> {
    try {
      return layoutOf(await readData(process))
    } catch (error) {
      return { instances: new Map(), lacking: messageOf(error), readAt: clock.now() }
    }
  }

  function layoutOf(data: readonly DataStatus[]): Layout {
    return { instances: new Map(data.map((status) => [status.name, status])), lacking: undefined, readAt: clock.now() }
  }

  function readData(process: KeepalivedProcess): Promise<DataStatus[]> {
    return dump(process, DATA_SIGNAL, 'keepalived.data', parseDataDump)
  }

  /** The dump that this very process has written. */
  async function dump<Content>(
    keepalived: KeepalivedProcess,
    signal: number,
    name: string,
    parse: (text: string) => Content | undefined,
  ): Promise<Content> {
    const file = join(temporaryDirectory(keepalived), name)
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      // To look for them takes time that is saved where there have been none.
      const before = traces === NO_TRACES ? traces : tracesOf(keepalived, file)
      const content = await freshDump(keepalived, signal, file, parse)
      traces = tracesOf(keepalived, file)
      if (wereSilent(before, traces)) return content
    }
    const others = [...traces.written.keys()].join(', ')
    throw new Failure(
      'failed',
      `${file} may be that of another keepalived, which writes there at the same time (process ${others}): let each have a directory of its own (TMPDIR, or PrivateTmp=yes in its unit)`,
    )
  }

  function freshDump<Content>(
    keepalived: KeepalivedProcess,
    signal: number,
    file: string,
    parse: (text: string) => Content | undefined,
  ): Promise<Content> {
    return freshFile({
      file,
      owner: userOf(keepalived),
      ask() {
        if (!takesSignal(keepalived, signal)) throw new Failure('failed', 'keepalived takes no signals yet: it starts')
        process.kill(keepalived.pid, signal)
      },
      parse,
      timeoutMs,
      clock,
    })
  }

  function start(): Promise<ProbeResult> {
    next = undefined
    running = probe()
      .catch((error) => unknown(messageOf(error)))
      .finally(() => {
        running = undefined
      })
    return running
  }

  return {
    read() {
      if (!running) return start()
      next ??= running.then(start)
      return next
    },
  }
}

/**
 * Whether an address is on an interface of this node that is up, or on a given one: a second witness of MASTER, where
 * keepalived sets the VIP.
 * @param address IPv4 or IPv6
 * @throws InvalidDestination
 */
export function addressPresent(address: string, interfaceName?: string): boolean {
  const wanted = parseDestination(address)
  return Object.entries(networkInterfaces()).some(([label, addresses]) => {
    // An address may have a label of its own: `eth0:vip`.
    const isAsked = interfaceName === undefined || label.split(':', 1)[0] === interfaceName
    return isAsked && addresses?.some((found) => sameDestination(parseDestination(found.address), wanted))
  })
}

/**
 * The number of the signal that has keepalived write its JSON; undefined where it was built without.
 * @throws Failure of kind `failed`
 */
async function jsonSignalOf({ pid }: KeepalivedProcess, program = `/proc/${pid}/exe`): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--signum=JSON'], { timeout: 2 * TIMEOUT_MS })
    const signal = Number(stdout)
    if (Number.isInteger(signal) && signal > 0) return signal
    throw new Failure('failed', `keepalived --signum=JSON says ${JSON.stringify(stdout)}`)
  } catch (error) {
    // It has ended by itself with an exit code: "Unknown sigfunc JSON".
    if (error instanceof Error && 'code' in error && typeof error.code === 'number') return undefined
    throw error
  }
}

function resultOf(
  { pid }: KeepalivedProcess,
  states: readonly JsonStatus[],
  { instances: layout, lacking }: Layout,
  expected: readonly string[],
): ProbeResult {
  const instances = new Map(
    states.map((status) => [status.name, { ...status, address: layout.get(status.name)?.address }]),
  )
  const groups = new Map<string, GroupStatus>()
  for (const name of new Set([...layout.values()].map(({ group }) => group))) {
    const [first, ...others] = [...instances.values()].filter((member) => layout.get(member.name)?.group === name)
    if (name !== undefined && first) groups.set(name, groupStatus(name, [first, ...others]))
  }
  if (expected.length > 0 && !expected.some((name) => instances.has(name) || groups.has(name))) {
    const found = [...instances.keys(), ...groups.keys()].join(', ') || 'nothing'
    return unknown(`keepalived knows ${found}, and not ${expected.join(', ')}${lacking ? ` (${lacking})` : ''}`)
  }
  return { kind: 'running', pid, instances, groups, lacking }
}

function unknown(reason: string): ProbeResult {
  return { kind: 'unknown', reason }
}
