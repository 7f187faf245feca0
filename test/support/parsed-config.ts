/** A config as it is parsed, where a test knows whether it is valid. */
import { parseConfig } from '../../src/config/load.ts'

export function problems(text: string) {
  const result = parseConfig(text)
  if (!Array.isArray(result)) throw new Error('the config is valid')
  return result
}

export function config(text: string) {
  const result = parseConfig(text)
  if (Array.isArray(result)) throw new Error(JSON.stringify(result))
  return result
}
