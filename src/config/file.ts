/** The config file, as far as it is known without its parser. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { codeOf, Failure, messageOf } from '../platform/errors.ts'
import { DEFAULT_CONFIG_PATH, DEFAULT_CONTROL_PATH } from './paths.ts'

/** Bytes. Room for thousands of VIPs: with more, the parser would be at work for minutes. */
const LARGEST = 262_144

/** The text of the config file. @throws Failure of kind `config` where there is none, or none that we may read */
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

/** Waits for nobody, and reads no more than LARGEST bytes, whatever is there: a FIFO, a device, a file that grows. */
function readRegularFile(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw new Unsuitable(path, stats.isDirectory() ? 'a directory' : 'no regular file')
    const bytes = Buffer.allocUnsafe(LARGEST + 1)
    let length = 0
    for (;;) {
      const count = readSync(descriptor, bytes, length, bytes.length - length, null)
      length += count
      if (length > LARGEST) throw new Unsuitable(path, `larger than ${LARGEST / 1024} KiB`)
      if (count === 0) return bytes.toString('utf8', 0, length)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** What is at the path cannot be a config. */
class Unsuitable extends Error {
  readonly what: string

  constructor(path: string, what: string) {
    super(`${path} is ${what}`)
    this.what = what
  }
}

function hintOn(error: unknown, path: string): string {
  const another = 'name another one with --config or VIP_SWITCH_CONFIG'
  const code = codeOf(error)
  if (error instanceof Unsuitable) return `it is ${error.what}: ${another}`
  if (code !== 'ENOENT') return `make ${path} readable, or ${another}`
  return path === DEFAULT_CONFIG_PATH ? `sudo vip-switch init makes it; or ${another}` : `create ${path}, or ${another}`
}

/**
 * The config's socket where it takes no parser to see: none is named, or as plainly as can be. The default one where the
 * config cannot be read, since a STOP must be told all the same. Undefined: it takes a parser (controlPath of load.ts).
 */
export function plainControlPath(configPath: string): string | undefined {
  let text: string
  try {
    text = readRegularFile(configPath)
  } catch {
    return DEFAULT_CONTROL_PATH // What is wrong with the config is said where the config is needed.
  }
  if (!text.includes('control')) return DEFAULT_CONTROL_PATH
  const [, plain] = /^control: +(\/[\w./-]+)$/m.exec(text) ?? []
  return plain
}
