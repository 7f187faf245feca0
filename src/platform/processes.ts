import { readdirSync } from 'node:fs'

/** The ids of all processes that /proc shows us (proc(5)); some may have ended by the time they are inspected. */
export function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}
