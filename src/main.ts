/** argv → one command. Only what the command needs is loaded, and only once it is known which one it is. */
import type { ExitCode } from './output/exit.ts'

const [, , name, ...words] = process.argv

/** As keepalived calls a hook, which has no time to learn of the other commands. */
const isHook = name === 'notify' && words.every((word) => !word.startsWith('-'))

async function main(): Promise<ExitCode> {
  if (!isHook) return (await import('./program/run.ts')).run()
  return (await import('./commands/notify.ts')).notify(words, {})
}

// Idle connections would keep the process for seconds.
void main().then((exitCode) => process.exit(exitCode))
