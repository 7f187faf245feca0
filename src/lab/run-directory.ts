/** The directory of one run, which also tells its processes: each node's programs have their HOME in it (hook.ts). */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processIds } from '../platform/processes.ts'
import { atEnd, isAlive, killAll } from './cleanup.ts'

export type RunDirectory = {
  readonly path: string
  /** Kills every process of the run, then removes the directory. */
  remove(): void
}

const PREFIX = 'vip-switch-lab-'

/** Creates a temporary directory for this run. */
export function createRunDirectory(): RunDirectory {
  removeLeftoverDirectories()
  const path = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  return { path, remove: atEnd(() => removeRun(path)) }
}

/** Removes directories and processes left by runs whose process is gone. */
export function removeLeftoverDirectories(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? /^\d+(?=-)/.exec(name.slice(PREFIX.length))?.[0] : undefined
    if (owner === undefined || isAlive(Number(owner))) continue
    try {
      removeRun(join(tmpdir(), name))
    } catch {
      // Owned by another user.
    }
  }
}

function removeRun(path: string): void {
  killAll(() => processesAtHomeIn(path))
  rmSync(path, { recursive: true, force: true })
}

function processesAtHomeIn(path: string): number[] {
  return processIds().filter((pid) => environmentOf(pid).includes(`\0HOME=${path}/`))
}

/** As text, each entry after a NUL; empty for a process that has ended, or is another user's. */
function environmentOf(pid: number): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`
  } catch {
    return ''
  }
}
