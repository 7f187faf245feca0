/** Any command by its words, and what becomes of its errors. */
import { CommanderError } from 'commander'
import { errorText } from '../output/error.ts'
import { EXIT, type ExitCode, exitCodeOfError, PLUGIN_EXIT } from '../output/exit.ts'
import { createProgram } from './program.ts'

/** Runs the command that the arguments of this process name; its error is printed, and told by the exit code. */
export async function run(): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done
  const program = createProgram((code) => {
    exitCode = code
  })
  // A reader that has seen enough (`| head`) ends neither a switch nor its exit code.
  process.stdout.on('error', () => {})
  try {
    await program.parseAsync()
  } catch (error) {
    exitCode = report(error)
  }
  // What is printed goes out first: a pipe takes 64 KiB at once.
  await new Promise((resolve) => process.stdout.write('', resolve))
  return exitCode
}

function report(error: unknown): ExitCode {
  // Commander has printed its message, and reports --help and --version as errors, too.
  if (error instanceof CommanderError) {
    if (error.exitCode === PLUGIN_EXIT.unknown) return PLUGIN_EXIT.unknown
    return error.exitCode === 0 ? EXIT.done : EXIT.usage
  }
  process.stderr.write(`${errorText(error)}\n`)
  return exitCodeOfError(error)
}
