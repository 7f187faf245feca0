import { relative } from 'node:path'

/** How people call this program from here: by its path if it lies below the current directory, else by its name. */
export function programName(): string {
  const path = relative(process.cwd(), process.argv[1] ?? '')
  return path === '' || path.startsWith('..') ? 'vip-switch' : path
}
