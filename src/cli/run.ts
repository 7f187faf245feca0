/** Runs any command, and reports its errors. */
import { CommanderError } from 'commander'
import { errorText } from '../terminal/error.ts'
import { EXIT, type ExitCode, exitCodeOfError, PLUGIN_EXIT } from '../terminal/exit-code.ts'
import { flushed, keepGoing, print } from '../terminal/print.ts'
import { createProgram } from './program.ts'

/** Runs the command in this process's arguments; prints any error and returns the exit code. */
export async function run(): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done
  const program = createProgram((code) => {
    exitCode = code
  })
  keepGoing()
  try {
    await program.parseAsync()
  } catch (error) {
    exitCode = report(error)
  }
  await flushed()
  return exitCode
}

function report(error: unknown): ExitCode {
  // Commander has already printed the message. It also reports --help and --version as errors.
  if (error instanceof CommanderError) {
    if (error.exitCode === PLUGIN_EXIT.unknown) return PLUGIN_EXIT.unknown
    return error.exitCode === 0 ? EXIT.done : EXIT.usage
  }
  print(errorText(error), process.stderr)
  return exitCodeOfError(error)
}
