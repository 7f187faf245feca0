/** What a run of the lab may leave on this machine. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { processIds } from '../../src/platform/processes.ts'

/** The processes that have these texts in their command line; one that has ended and is not reaped has none. */
export function processesWith(...texts: readonly string[]): string[] {
  return processIds().flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      return texts.every((text) => command.includes(text)) ? [`${pid} ${command}`] : []
    } catch {
      return []
    }
  })
}

/** Namespaces, directories and processes of the labs that a process owns. */
export function leftoversOf(pid: number): string[] {
  const namespaces = existsSync('/run/netns') ? readdirSync('/run/netns') : []
  return [
    ...namespaces.filter((name) => name.startsWith(`vs${pid}-`)),
    ...readdirSync(tmpdir()).filter((name) => name.startsWith(`vip-switch-lab-${pid}-`)),
    ...processesWith(`vip-switch-lab-${pid}-`),
  ]
}
