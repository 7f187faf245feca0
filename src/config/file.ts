/** What can be learnt of the config file without its parser. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { codeOf, Failure, messageOf } from '../platform/errors.ts'
import { DEFAULT_CONFIG_PATH, DEFAULT_CONTROL_PATH } from './paths.ts'

/** Size limit in bytes: enough for thousands of VIPs; larger files would take minutes to parse. */
const LARGEST_BYTES = 262_144

/** Reads the config file. @throws Failure of kind `config` if it is missing or unreadable */
export function readConfig(path: string): string {
  try {
    return readRegularFile(path)
  } catch (error) {
    throw new Failure('config', `cannot read the config: ${messageOf(error)}`, {
      hint: hintOn(error, path),
      cause: error,
    })
  }
}

/** Never blocks, and reads at most LARGEST_BYTES, whatever the path is: a FIFO, a device, a growing file. */
function readRegularFile(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw new Unsuitable(path, stats.isDirectory() ? 'a directory' : 'not a regular file')
    const bytes = Buffer.allocUnsafe(LARGEST_BYTES + 1)
    let length = 0
    for (;;) {
      const count = readSync(descriptor, bytes, length, bytes.length - length, null)
      length += count
      if (length > LARGEST_BYTES) throw new Unsuitable(path, `larger than ${LARGEST_BYTES / 1024} KiB`)
      if (count === 0) return bytes.toString('utf8', 0, length)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** The path is not a usable config file. */
class Unsuitable extends Error {
  readonly what: string

  constructor(path: string, what: string) {
    super(`${path} is ${what}`)
    this.what = what
  }
}

function hintOn(error: unknown, path: string): string {
  const another = 'choose another file with --config or VIP_SWITCH_CONFIG'
  const code = codeOf(error)
  if (error instanceof Unsuitable) return `it is ${error.what}: ${another}`
  if (code !== 'ENOENT') return `make ${path} readable, or ${another}`
  return path === DEFAULT_CONFIG_PATH
    ? `create it with sudo vip-switch init; or ${another}`
    : `create ${path}, or ${another}`
}

/**
 * The config's control socket if it can be found without a parser: if none is named, or it is named in the plainest
 * form. Also the default if the config is unreadable, since a STOP must be delivered all the same. Undefined if a
 * parser is needed (controlPath in load.ts).
 */
export function plainControlPath(configPath: string): string | undefined {
  let text: string
  try {
    text = readRegularFile(configPath)
  } catch {
    return DEFAULT_CONTROL_PATH // Errors in the config are reported where it is needed.
  }
  if (!text.includes('control')) return DEFAULT_CONTROL_PATH
  const [, plain] = /^control: +(\/[\w./-]+)$/m.exec(text) ?? []
  return plain
}
