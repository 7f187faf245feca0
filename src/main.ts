/**
 * Dispatches argv to a command. This is the small one of three bundles (build.mjs): a hook whose event the daemon takes
 * needs no other. The two dynamic imports below load the others, with V8's code cache.
 */
import { type HandOver, handOver } from './agent/notify/hand-over.ts'
import { plainControlPath } from './config/file.ts'
import { configPath, stateDirectory } from './config/paths.ts'
import type { ExitCode } from './terminal/exit-code.ts'

const [, , name, ...words] = process.argv

/** Whether keepalived called a hook, which should not load the other commands. */
const isHook = name === 'notify' && words.every((word) => !word.startsWith('-'))

async function main(): Promise<ExitCode> {
  if (!isHook) return (await import('./cli/run.ts')).run()
  const offered = await offer()
  if (offered?.kind === 'taken' && offered.remarks.length === 0) return 0
  if (offered?.kind === 'coalesced') return 0
  return (await import('./commands/notify/notify.ts')).notify(words, {}, offered)
}

/** Offers the event to the daemon; undefined if only the config's parser can tell where the daemon is. */
async function offer(): Promise<HandOver | undefined> {
  const controlPath = plainControlPath(configPath(undefined))
  if (controlPath === undefined) return undefined
  return handOver(words, { controlPath, stateDirectory: stateDirectory(undefined) })
}

// Idle connections would keep the process alive for seconds.
void main().then((exitCode) => process.exit(exitCode))
