/** The config file, as far as it is known without its parser. */
import { readFileSync } from 'node:fs'
import { codeOf, Failure, messageOf } from '../errors.ts'
import { DEFAULT_CONFIG_PATH, DEFAULT_CONTROL_PATH } from './paths.ts'

/** The text of the config file. @throws Failure of kind `config` where there is none, or none that we may read */
export function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Failure('config', `cannot read the config: ${messageOf(error)}`, {
      hint: hintOn(error, path),
      cause: error,
    })
  }
}

function hintOn(error: unknown, path: string): string {
  const another = 'name another one with --config or VIP_SWITCH_CONFIG'
  const code = codeOf(error)
  if (code === 'EISDIR') return `it is a directory: ${another}`
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
    text = readFileSync(configPath, 'utf8')
  } catch {
    return DEFAULT_CONTROL_PATH // What is wrong with the config is said where the config is needed.
  }
  if (!text.includes('control')) return DEFAULT_CONTROL_PATH
  const [, plain] = /^control: +(\/[\w./-]+)$/m.exec(text) ?? []
  return plain
}
