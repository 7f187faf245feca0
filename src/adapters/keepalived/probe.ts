/** Asks keepalived itself for its state: by a signal, in response to which it writes a file. */
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
      /** By name, like the groups. */
      readonly instances: ReadonlyMap<string, InstanceStatus>
      readonly groups: ReadonlyMap<string, GroupStatus>
      /** Why addresses and sync groups are unknown, if they are. */
      readonly lacking: string | undefined
    }
  /** No keepalived runs on this node. */
  | { readonly kind: 'not-running'; readonly reason: string }
  /** The state could not be learned: it may have changed or not. */
  | { readonly kind: 'unknown'; readonly reason: string }

export type ProbeOptions = {
  readonly pidFile: string
  /** Names of VRRP instances and sync groups. A dump with none of them is another keepalived's. */
  readonly expected: readonly string[]
  /** How long keepalived may take to write a file. */
  readonly timeoutMs?: number
  /** keepalived's program, which tells its signal numbers. Default: that of the running process. */
  readonly program?: string
  readonly clock?: Clock
}

export type Probe = {
  /**
   * The current state: no answer is older than the call. keepalived logs a line for each.
   * Needs root, or CAP_KILL, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH: keepalived is root, and so are its files.
   */
  read(): Promise<ProbeResult>
}

/** What the JSON lacks, and only a reload of keepalived can change. */
type Layout = {
  readonly instances: ReadonlyMap<string, Pick<DataStatus, 'address' | 'group'>>
  readonly lacking: string | undefined
  /** On the monotonic clock. */
  readonly readAt: number
}

/** What is known of a keepalived process. */
type Known = {
  readonly process: KeepalivedProcess
  /** Undefined if keepalived was built without JSON. */
  readonly jsonSignal: number | undefined
  layout: Layout | undefined
}

const TIMEOUT_MS = 1000
/** Attempts at a dump that another keepalived may have overwritten; each adds a line to keepalived's log. */
const ATTEMPTS = 4
/** The longest that a changed address or group may go unnoticed after a reload; each look adds two lines to the log. */
const LAYOUT_AGE_MS = 60_000
/** keepalived(8), SIGFUNC=DATA. */
const DATA_SIGNAL = constants.signals.SIGUSR1

export function createProbe(options: ProbeOptions): Probe {
  const { pidFile, expected, timeoutMs = TIMEOUT_MS, program, clock = systemClock } = options
  let known: Known | undefined
  let running: Promise<ProbeResult> | undefined
  let next: Promise<ProbeResult> | undefined
  /** The other keepalived processes' traces at the last look. */
  let traces = NO_TRACES

  async function probe(): Promise<ProbeResult> {
    const found = findKeepalived(pidFile)
    if (found.kind !== 'running') return found
    const result = await ask(found.process).catch((error) => unknown(messageOf(error)))
    if (isStillThere(found.process)) return result
    const now = findKeepalived(pidFile)
    return now.kind === 'running' ? unknown('keepalived was restarted during the query') : now
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

  /** A dump that is certainly from this process. */
  async function dump<Content>(
    keepalived: KeepalivedProcess,
    signal: number,
    name: string,
    parse: (text: string) => Content | undefined,
  ): Promise<Content> {
    const file = join(temporaryDirectory(keepalived), name)
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      // Looking for rivals takes time, which is saved if there were none.
      const before = traces === NO_TRACES ? traces : tracesOf(keepalived, file)
      const content = await freshDump(keepalived, signal, file, parse)
      traces = tracesOf(keepalived, file)
      if (wereSilent(before, traces)) return content
    }
    const others = [...traces.written.keys()].join(', ')
    throw new Failure(
      'failed',
      `${file} may come from another keepalived that writes there at the same time (process ${others}): give each a directory of its own (TMPDIR, or PrivateTmp=yes in its unit)`,
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
        if (!takesSignal(keepalived, signal))
          throw new Failure('failed', 'keepalived is starting and takes no signals yet')
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
 * Whether an address is on any interface of this node that is up, or on a given one: independent evidence of MASTER if
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
 * The number of the signal that makes keepalived write its JSON, unless it was built without.
 * @throws Failure `failed`
 */
async function jsonSignalOf({ pid }: KeepalivedProcess, program = `/proc/${pid}/exe`): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--signum=JSON'], { timeout: 2 * TIMEOUT_MS })
    const signal = Number(stdout)
    if (Number.isInteger(signal) && signal > 0) return signal
    throw new Failure('failed', `keepalived --signum=JSON says ${JSON.stringify(stdout)}`)
  } catch (error) {
    // It exited by itself with an exit code: "Unknown sigfunc JSON".
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
    return unknown(`keepalived knows ${found} but not ${expected.join(', ')}${lacking ? ` (${lacking})` : ''}`)
  }
  return { kind: 'running', pid, instances, groups, lacking }
}

function unknown(reason: string): ProbeResult {
  return { kind: 'unknown', reason }
}
