/** Cheap signs that keepalived may have changed its state. Only keepalived itself can tell whether it has. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { childrenOf, openFilesOf } from './process.ts'

/**
 * The addresses of this host: keepalived adds its VIPs as MASTER, and removes them afterwards. Empty without netlink, which a
 * hardened unit may deny (RestrictAddressFamilies=).
 */
export function hostAddresses(): string {
  const all = Object.entries(interfacesIfKnown()).flatMap(([name, found = []]) =>
    // Link-local ones come and go with every container.
    found
      .filter(({ family, scopeid }) => family === 'IPv4' || scopeid === 0)
      .map(({ address }) => `${name} ${address}`),
  )
  return all.sort().join('\n')
}

/**
 * How much the processes have written (proc(5), io): keepalived writes each event to its FIFO, even if it is lost to another
 * reader. It also writes the dump that it is asked for, but sending adverts does not count.
 * @param writers from writersOf
 */
export function amountWritten(writers: readonly number[]): string {
  return writers.map(writtenBy).join('\n')
}

/**
 * The children of keepalived that write VRRP events: its only child, or those that have the FIFO open. The one that checks
 * real servers may write all the time.
 * @param pid of keepalived's parent process
 * @throws if it may not be inspected
 */
export function writersOf(pid: number, fifo: string): readonly number[] {
  const children = childrenOf(pid)
  return children.length === 1 ? children : children.filter((child) => openFilesOf(child).includes(fifo))
}

function interfacesIfKnown(): ReturnType<typeof networkInterfaces> {
  try {
    return networkInterfaces()
  } catch {
    return {}
  }
}

/** Undefined if the process has ended, or may not be inspected. */
function writtenBy(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/io`, 'utf8')
      .match(/^(?:wchar|syscw): .*$/gm)
      ?.join(' ')
  } catch {
    return undefined
  }
}
