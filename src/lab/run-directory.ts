import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd, isAlive } from './cleanup.ts'

export type RunDirectory = { readonly path: string; remove(): void }

const PREFIX = 'vip-switch-lab-'

/** Creates a temporary directory for this run. */
export function createRunDirectory(): RunDirectory {
  removeLeftoverDirectories()
  const path = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  return { path, remove: atEnd(() => rmSync(path, { recursive: true, force: true })) }
}

/** Removes directories left by runs whose process is gone. */
export function removeLeftoverDirectories(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? /^\d+(?=-)/.exec(name.slice(PREFIX.length))?.[0] : undefined
    if (owner === undefined || isAlive(Number(owner))) continue
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
    } catch {
      // Owned by another user.
    }
  }
}
