/**
 * The config as this program has last parsed it: a hook that has to write at once loads neither parser nor schema for a
 * file of which every byte is known.
 */

import { isTrusted, keepState, keptState } from '../state/state-directory.ts'
import { readConfig } from './file.ts'
import { assertHooksAreSafe } from './hook-safety.ts'
import type { Config } from './schema.ts'

/** Of which sources the program was built (build.mjs): to another build, a Config may be something else. */
const BUILD = process.env.VIP_SWITCH_BUILD ?? 'sources'
/** A config may be meant for few eyes; the daemon's group is that of keepalived's script_user. */
const MODE = 0o640
const FILE = 'config.json'

/** What is kept; valid, since it was written by this very build for this very text. */
type Kept = { readonly build: string; readonly text: string; readonly config: Config }

/** The config, parsed where it must be. @throws Failure of kind `config`, listing every problem of the file */
export async function loadKeptConfig(path: string, stateDirectory: string): Promise<Config> {
  const kept = keptConfigs(stateDirectory)
  const text = kept.length > 0 ? readConfig(path) : undefined
  const found = kept.find((each) => each.build === BUILD && each.text === text)
  if (!found) return loadAndKeepConfig(path, stateDirectory)
  assertHooksAreSafe(path, found.config)
  return found.config
}

/**
 * The config, parsed, for hooks to come.
 * @param keep saves it: a comfort, whoever cannot write there
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

/** Only what root or this very user has written: a config names commands that are run, and routes that are written. */
function keptConfigs(stateDirectory: string): Kept[] {
  try {
    return keptState(stateDirectory, FILE).flatMap(({ stat, text }) => (isTrusted(stat) ? keptIn(text) : []))
  } catch {
    return [] // It cannot be read: it is parsed instead.
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
    // Whoever cannot write there is told so by what has to be written.
  }
}
