/**
 * argv → one command. Of three bundles this is the small one (build.mjs): a hook whose event the daemon takes needs no
 * other, and the two imports below are of the others, each with its code as V8 has kept it.
 */
import { type HandOver, handOver } from './agent/notify/hand-over.ts'
import { plainControlPath } from './config/file.ts'
import { configPath, stateDirectory } from './config/paths.ts'
import type { ExitCode } from './terminal/exit-code.ts'

const [, , name, ...words] = process.argv

/** As keepalived calls a hook, which has no time to learn of the other commands. */
const isHook = name === 'notify' && words.every((word) => !word.startsWith('-'))

async function main(): Promise<ExitCode> {
  if (!isHook) return (await import('./cli/run.ts')).run()
  const offered = await offer()
  if (offered?.kind === 'taken' && offered.remarks.length === 0) return 0
  if (offered?.kind === 'coalesced') return 0
  return (await import('./commands/notify/notify.ts')).notify(words, {}, offered)
}

/** Undefined: it takes the config's parser to know where the daemon is. */
async function offer(): Promise<HandOver | undefined> {
  const controlPath = plainControlPath(configPath(undefined))
  if (controlPath === undefined) return undefined
  return handOver(words, { controlPath, stateDirectory: stateDirectory(undefined) })
}

// Idle connections would keep the process for seconds.
void main().then((exitCode) => process.exit(exitCode))
