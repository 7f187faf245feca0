/** How keepalived tells of its events. */
import { execFileSync, spawn } from 'node:child_process'
import { constants, existsSync, openSync, writeSync } from 'node:fs'
import { codeOf } from '../../platform/errors.ts'

/**
 * Opens the FIFO, creating it if missing, and returns what writes an event to it. Like keepalived, it has the FIFO open
 * for reading, too, so that it can write before anybody reads, and drops an event for which there is no room.
 */
export function openFifo(path: string | undefined): (instance: string, event: string, priority: number) => void {
  if (path === undefined) return () => {}
  if (!existsSync(path)) execFileSync('mkfifo', ['-m', '600', path])
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  return (instance, event, priority) => {
    try {
      writeSync(descriptor, `INSTANCE "${instance}" ${event} ${priority}\n`)
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error
    }
  }
}

/** Starts a hook and forgets it: its parent is a shell that ends at once, and it outlives whoever called it. */
export function runHook(command: readonly string[] | undefined, event: readonly string[]): void {
  if (command === undefined) return
  const child = spawn('/bin/sh', ['-c', '"$@" &', 'sh', ...command, ...event], { detached: true, stdio: 'ignore' })
  child.unref()
}
