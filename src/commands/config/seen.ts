/** `vip-switch config nodes` and `tables`: what the daemon on this host has seen, for completions. */
import { askStatus } from '../../agent/control/status.ts'
import { controlPath } from '../../config/load.ts'
import { configPath } from '../../config/paths.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { forPeople, print } from '../../terminal/print.ts'

/** Prints names, or ids of what has none; nothing if no daemon answers. */
export async function printSeen(what: 'nodes' | 'tables', { config }: { config?: string }): Promise<ExitCode> {
  const answer = await askStatus(controlPath(configPath(config)))
  if (answer.kind !== 'up') return EXIT.failed
  print(linesText(answer.status[what].map(({ id, name }) => name ?? id)))
  return EXIT.done
}

const linesText = forPeople((lines: readonly string[]) => lines.join('\n'))
