/** argv → one command. Only what the command needs is loaded, and only once it is known which one it is. */
import { CommanderError } from 'commander'
import { Failure, messageOf } from './errors.ts'
import { EXIT, type ExitCode, exitCodeOfError } from './output/exit.ts'
import { styleOf } from './output/style.ts'
import { createProgram } from './program/program.ts'

function report(error: unknown): ExitCode {
  // Commander has printed its message, and reports --help and --version as errors, too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const { bold, red } = styleOf(process.stderr)
  process.stderr.write(`${red('vip-switch:')} ${messageOf(error)}\n`)
  if (error instanceof Failure && error.hint) process.stderr.write(`  ${bold('→')} ${error.hint}\n`)
  return exitCodeOfError(error)
}

async function main(): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done
  const program = createProgram((code) => {
    exitCode = code
  })
  try {
    await program.parseAsync()
    return exitCode
  } catch (error) {
    return report(error)
  }
}

// A reader that has seen enough (`| head`) ends neither a switch nor its exit code.
process.stdout.on('error', () => {})
void main().then((exitCode) => {
  // Idle connections would keep the process for seconds. What is printed goes out first: a pipe takes 64 KiB at once.
  process.stdout.write('', () => process.exit(exitCode))
})
