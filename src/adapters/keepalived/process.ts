/** The keepalived process, as shown by /proc. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { codeOf, Failure, messageOf } from '../../platform/errors.ts'
import { processIds } from '../../platform/processes.ts'

/** A process that cannot be mistaken for a later one with the same id. */
export type KeepalivedProcess = {
  readonly pid: number
  /** When it was started, in clock ticks since boot (proc(5), starttime). */
  readonly startTicks: number
}

export type Found =
  | { readonly kind: 'running'; readonly process: KeepalivedProcess }
  | { readonly kind: 'not-running'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

/**
 * Finds the keepalived that wrote the pid file or, if the file is missing or names another process, the only one in this
 * network namespace: with `use_pid_dir` or `instance` in its config, keepalived writes another file (main.c).
 */
export function findKeepalived(pidFile: string): Found {
  try {
    const text = textOf(pidFile)
    const pid = text === undefined ? undefined : Number(text.trim())
    if (pid !== undefined && !(Number.isInteger(pid) && pid > 0)) return unknown(`${pidFile} holds no process id`)
    const startTicks = pid === undefined ? undefined : startOfKeepalived(pid)
    if (pid !== undefined && startTicks !== undefined) return { kind: 'running', process: { pid, startTicks } }

    const what =
      pid === undefined ? `${pidFile} does not exist` : `${pidFile} names process ${pid}, which is not keepalived`
    const { running, others } = keepalivedHere()
    const [only, ...rivals] = running
    if (only && rivals.length === 0) return { kind: 'running', process: only }
    const pids = running.length > 0 ? running.map((each) => each.pid) : others
    if (pids.length === 0) return { kind: 'not-running', reason: what }
    const processes = `process${pids.length > 1 ? 'es' : ''} ${pids.join(', ')}`
    return unknown(`${what}, but keepalived runs as ${processes}: keepalived.pidFile must be the file of its --pid`)
  } catch (error) {
    return unknown(`cannot tell whether keepalived runs: ${messageOf(error)}`)
  }
}

/** Whether the process still exists, and its id has not been reused. */
export function isStillThere({ pid, startTicks }: KeepalivedProcess): boolean {
  return startOfKeepalived(pid) === startTicks
}

/**
 * Whether the process and its children handle a signal. A process that has just started does not yet, and the signal would
 * kill it; keepalived blocks the signals that it handles and reads them from a signalfd.
 */
export function takesSignal({ pid }: KeepalivedProcess, signal: number): boolean {
  return [pid, ...childrenOf(pid)].every((id) => {
    const status = textOf(`/proc/${id}/status`) ?? ''
    return ['SigBlk', 'SigCgt'].some((set) => {
      const mask = new RegExp(`^${set}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'
      return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n
    })
  })
}

export function childrenOf(pid: number): number[] {
  return (textOf(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter(Boolean).map(Number)
}

/** The paths of the process's open files. */
export function openFilesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((descriptor) => {
    try {
      return [readlinkSync(`${folder}/${descriptor}`)]
    } catch {
      return [] // It was closed meanwhile.
    }
  })
}

/**
 * The process's directory for temporary files, as a path for us: it may have a /tmp of its own (systemd's PrivateTmp, a
 * container). keepalived uses TMPDIR if it is set (lib/utils.c, set_tmp_dir).
 * @throws EACCES without permission to inspect another user's process (CAP_SYS_PTRACE)
 */
export function temporaryDirectory({ pid }: Pick<KeepalivedProcess, 'pid'>): string {
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  const set = environment.find((entry) => entry.startsWith('TMPDIR=/'))
  return join(`/proc/${pid}/root`, set?.slice('TMPDIR='.length) ?? '/tmp')
}

/** The uid with which the process writes files. */
export function userOf({ pid }: Pick<KeepalivedProcess, 'pid'>): number {
  return statSync(`/proc/${pid}`).uid
}

/** The processes of every other keepalived on this host, in any namespace, as far as we may see them. */
export function otherKeepalived({ pid: own }: KeepalivedProcess): number[] {
  return processIds().filter((pid) => programOf(pid) === 'keepalived' && !isOfFamily(pid, own))
}

/** Whether the process is `ancestor` or descends from it. */
function isOfFamily(pid: number, ancestor: number): boolean {
  for (let each: number | undefined = pid; each !== undefined && each > 0; each = statOf(each)?.parent) {
    if (each === ancestor) return true
  }
  return false
}

/** When the process was started, if it is alive and is keepalived. */
function startOfKeepalived(pid: number): number | undefined {
  const stat = statOf(pid)
  if (stat === undefined && isHidden(pid)) throw new Failure('failed', `process ${pid} is hidden from this user`)
  // keepalived.conf may rename it (process_name).
  const isKeepalived = stat?.command === 'keepalived' || (stat && programOf(pid) === 'keepalived')
  return isKeepalived ? stat.startTicks : undefined
}

/**
 * The keepalived parent processes in this network namespace. `running` have a child, such as the VRRP process; `others` may
 * be starting, or only tell their version.
 */
function keepalivedHere(): { running: readonly KeepalivedProcess[]; others: readonly number[] } {
  const all = processIds().flatMap((pid) => {
    const stat = statOf(pid)
    // Judged by its program if we may see it: any process can call itself keepalived.
    return stat && (programOf(pid) ?? stat.command) === 'keepalived' ? [{ pid, ...stat }] : []
  })
  const parents = all.filter((each) => !all.some(({ pid }) => pid === each.parent) && isInThisNetwork(each.pid))
  const isRunning = ({ pid }: { pid: number }) => all.some(({ parent }) => parent === pid)
  return {
    running: parents.filter(isRunning).map(({ pid, startTicks }) => ({ pid, startTicks })),
    others: parents.filter((each) => !isRunning(each)).map(({ pid }) => pid),
  }
}

/** Fields of proc(5), stat, if the process is alive. */
function statOf(pid: number): { command: string; parent: number; startTicks: number } | undefined {
  const text = textOf(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The second field, the command in brackets, may itself contain spaces and brackets.
  const end = text.lastIndexOf(')')
  const [state, ...fields] = text.slice(end + 2).split(' ')
  if (state === 'Z' || state === 'X') return undefined
  const command = text.slice(text.indexOf('(') + 1, end)
  return { command, parent: Number(fields[0]), startTicks: Number(fields[18]) }
}

/** The name of the process's program, if it exists and we may see it. */
export function programOf(pid: number): string | undefined {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '')
  } catch (error) {
    if (isGone(error) || codeOf(error) === 'EACCES') return undefined
    throw error
  }
}

/** Whether /proc hides the process: mounted with hidepid, it does not show other users' processes. */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function isInThisNetwork(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net')
  } catch (error) {
    return !isGone(error)
  }
}

/** The file's text, if it exists and its process has not ended. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

function isGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH'
}

function unknown(reason: string): Found {
  return { kind: 'unknown', reason }
}
