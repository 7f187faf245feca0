/**
 * Caches the parsed config: a hook that must write immediately loads neither parser nor schema if the file is
 * unchanged.
 */

import { isTrusted, keepState, keptState } from '../state/state-directory.ts'
import { readConfig } from './file.ts'
import { assertHooksAreSafe } from './hook-safety.ts'
import type { Config } from './schema.ts'

/** Identifies the build (build.mjs): another build may have a different Config. */
const BUILD = process.env.VIP_SWITCH_BUILD ?? 'sources'
/** Not world-readable, as the config may not be; the daemon's group is that of keepalived's script_user. */
const MODE = 0o640
const FILE = 'config.json'

/** The cache's content; valid, since this very build wrote it for this very text. */
type Kept = { readonly build: string; readonly text: string; readonly config: Config }

/**
 * Returns the config, parsing it only if necessary. @throws Failure of kind `config`, listing every problem in the file
 */
export async function loadKeptConfig(path: string, stateDirectory: string): Promise<Config> {
  const kept = keptConfigs(stateDirectory)
  const text = kept.length > 0 ? readConfig(path) : undefined
  const found = kept.find((each) => each.build === BUILD && each.text === text)
  if (!found) return loadAndKeepConfig(path, stateDirectory)
  assertHooksAreSafe(path, found.config)
  return found.config
}

/**
 * Parses the config and caches it for later hooks.
 * @param keep saves it; by default a failure is ignored
 * @throws as loadKeptConfig
 */
export async function loadAndKeepConfig(
  path: string,
  stateDirectory: string,
  keep: (save: () => void) => void = ifPossible,
): Promise<Config> {
  const text = readConfig(path)
  const { validConfig } = await import('./load.ts')
  const config = validConfig(path, text)
  keep(() => keepState(stateDirectory, FILE, JSON.stringify({ build: BUILD, text, config }), MODE))
  return config
}

/** Trusts only files written by root or this user: a config names commands to run and routes to write. */
function keptConfigs(stateDirectory: string): Kept[] {
  try {
    return keptState(stateDirectory, FILE).flatMap(({ stat, text }) => (isTrusted(stat) ? keptIn(text) : []))
  } catch {
    return [] // It cannot be read, so it is parsed instead.
  }
}

function keptIn(text: string): Kept[] {
  try {
    return [Object(JSON.parse(text))]
  } catch {
    return [] // Not ours, then.
  }
}

function ifPossible(save: () => void): void {
  try {
    save()
  } catch {
    // Only a cache: writing the actual state reports the problem.
  }
}
