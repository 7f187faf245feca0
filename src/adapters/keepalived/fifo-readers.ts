/** Who reads a FIFO: two readers each get a part of what keepalived writes (acassen/keepalived#2024). */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { codeOf, Failure } from '../../platform/errors.ts'
import { processIds } from '../../platform/processes.ts'
import { readerOf } from './fifo-file.ts'
import { programOf } from './process.ts'

export type FifoReader = { readonly pid: number; readonly command: string }

/** open(2): the access mode in a file's flags; 1 is O_WRONLY. */
const ACCESS_MODE = 0o3
const WRITE_ONLY = 1

/**
 * The processes that have the FIFO open for reading, besides the daemon and keepalived, which opens it for both.
 * @throws Failure if other users' processes may not be inspected
 */
export function otherReadersOf(path: string): FifoReader[] {
  const fifo = statSync(path, { throwIfNoEntry: false, bigint: true })
  if (!fifo?.isFIFO()) return []
  const daemon = readerOf(path)
  return processIds().flatMap((pid) => {
    if (pid === daemon || !reads(pid, fifo) || programOf(pid) === 'keepalived') return []
    const command = ofLiving(() => readFileSync(`/proc/${pid}/comm`, 'utf8'))
    return command === undefined ? [] : [{ pid, command: command.trim() }]
  })
}

function reads(pid: number, fifo: { readonly dev: bigint; readonly ino: bigint }): boolean {
  return (ofLiving(() => readdirSync(`/proc/${pid}/fd`)) ?? []).some((descriptor) => {
    const stat = ofLiving(() => statSync(`/proc/${pid}/fd/${descriptor}`, { bigint: true }))
    if (stat?.dev !== fifo.dev || stat.ino !== fifo.ino) return false
    const info = ofLiving(() => readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8')) ?? ''
    const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(info)?.[1] ?? `${WRITE_ONLY}`, 8)
    return (flags & ACCESS_MODE) !== WRITE_ONLY
  })
}

/** Undefined for what is gone meanwhile, or hidden from root itself, as in another user namespace. */
function ofLiving<Value>(look: () => Value): Value | undefined {
  try {
    return look()
  } catch (error) {
    const isDenied = codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM'
    if (!isDenied || process.geteuid?.() === 0) return undefined
    throw new Failure('failed', 'only root can see the open files of other users’ processes', { cause: error })
  }
}
