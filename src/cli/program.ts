/** The command line: names, arguments, options and help of every command. Nothing of a command is loaded before it is run. */
import type { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { addCheckCommand } from '../commands/check/command.ts'
import { addConfigCommands } from '../commands/config/command.ts'
import { addDoctorCommand } from '../commands/doctor/command.ts'
import { addIamPolicyCommand } from '../commands/iam-policy/command.ts'
import { addInitCommand } from '../commands/init/command.ts'
import { addKeepalivedConfigCommand } from '../commands/keepalived-config/command.ts'
import { addLabCommands } from '../commands/lab/command.ts'
import { addListCommand } from '../commands/list/command.ts'
import { addMetricsCommand } from '../commands/metrics/command.ts'
import { addNotifyCommand } from '../commands/notify/command.ts'
import type { Exit } from '../commands/options.ts'
import { addPinCommands } from '../commands/pin/command.ts'
import { addReconcileCommand } from '../commands/reconcile/command.ts'
import { addStatusCommand } from '../commands/status/command.ts'
import { addSwitchCommand } from '../commands/switch/command.ts'
import { usageErrorText } from '../terminal/error.ts'
import { VipSwitchCommand } from './command.ts'
import { addCompletionCommand, addManualCommand } from './self.ts'

/** In the order of the help. */
const COMMANDS: readonly ((program: Command, exit: Exit) => void)[] = [
  addNotifyCommand,
  addReconcileCommand,
  addSwitchCommand,
  addPinCommands,
  addListCommand,
  addStatusCommand,
  addCheckCommand,
  addMetricsCommand,
  addDoctorCommand,
  addInitCommand,
  addKeepalivedConfigCommand,
  addConfigCommands,
  addIamPolicyCommand,
  addCompletionCommand,
  addManualCommand,
  addLabCommands,
]

/** Of a description beside its option: a terminal of 60 columns has that many left. */
const LEAST_COLUMNS = 24

/** @param exit takes the exit code of the command that is run */
export function createProgram(exit: Exit): Command {
  const program = new VipSwitchCommand('vip-switch')
    .description('Moves a virtual IP between AWS availability zones: a route-table failover companion to keepalived.')
    .version(packageJson.version)
    // What follows a command is its own: a node may be called `-V`.
    .enablePositionalOptions()
    // Without `[options]`: what a command does has room then on 80 columns.
    .configureHelp({ subcommandTerm: (command) => command.name(), minWidthToWrap: LEAST_COLUMNS })
    .configureOutput({ outputError: (text, write) => write(usageErrorText(text)) })
    .exitOverride()
    .addHelpText(
      'after',
      `
Exit codes:
  0 done  1 failed  2 usage or config  3 partial  4 refused  5 superseded

Examples:
  vip-switch lab                        see a failover here, without AWS
  vip-switch status                     how things stand, and what to do next
  vip-switch doctor                     what could go wrong, and what mends it
  vip-switch list                       what points where
  vip-switch switch VI_1 --to db-2      move an instance's routes by hand`,
    )
  for (const add of COMMANDS) add(program, exit)
  nameHelpAfterErrors(program, program.name())
  return program
}

/** A usage error names the help of the very command. */
function nameHelpAfterErrors(command: Command, words: string): void {
  command.showHelpAfterError(`(${words} --help says more)`)
  for (const each of command.commands) nameHelpAfterErrors(each, `${words} ${each.name()}`)
}
