/**
 * The config as this program has last parsed it: a hook that has to write at once loads neither parser nor schema for a
 * file of which every byte is known.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from './file.ts'
import type { Config } from './schema.ts'
import { writeAtomically } from './state-directory.ts'

/** Of which sources the program was built (build.mjs): to another build, a Config may be something else. */
const BUILD = process.env.VIP_SWITCH_BUILD ?? 'sources'
/** A config may be meant for few eyes; the daemon's group is that of keepalived's script_user. */
const MODE = 0o640

/** What is kept; valid, since it was written by this very build for this very text. */
type Kept = { readonly build: string; readonly text: string; readonly config: Config }

/** The config, parsed where it must be. @throws Failure of kind `config`, listing every problem of the file */
export async function loadKeptConfig(path: string, stateDirectory: string): Promise<Config> {
  const kept = readKept(fileIn(stateDirectory))
  if (kept?.build === BUILD && kept.text === readConfig(path)) return kept.config
  return loadAndKeepConfig(path, stateDirectory)
}

/** The config, parsed, for hooks to come. @throws as loadKeptConfig */
export async function loadAndKeepConfig(path: string, stateDirectory: string): Promise<Config> {
  const text = readConfig(path)
  const { validConfig } = await import('./load.ts')
  const config = validConfig(path, text)
  keep(fileIn(stateDirectory), { build: BUILD, text, config })
  return config
}

const fileIn = (stateDirectory: string) => join(stateDirectory, 'config.json')

/** Only what root or this very user has written: a config names commands that are run, and others may write there, too. */
function readKept(file: string): Kept | undefined {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const { uid } = fstatSync(descriptor)
    return uid === 0 || uid === process.getuid?.() ? JSON.parse(readFileSync(descriptor, 'utf8')) : undefined
  } catch {
    return undefined // Nothing was kept yet: it is parsed instead.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function keep(file: string, kept: Kept): void {
  try {
    writeAtomically(file, JSON.stringify(kept), MODE)
  } catch {
    // A comfort: whoever cannot write there is told so by what has to be written.
  }
}
