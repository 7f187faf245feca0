/**
 * The command line: names, arguments, options and help of every command. A command's code is loaded only when it runs.
 */
import type { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { addCheckCommand } from '../commands/check/command.ts'
import { addConfigCommands } from '../commands/config/command.ts'
import { addDoctorCommand } from '../commands/doctor/command.ts'
import { addHistoryCommand } from '../commands/history/command.ts'
import { addIamPolicyCommand } from '../commands/iam-policy/command.ts'
import { addInitCommand } from '../commands/init/command.ts'
import { addKeepalivedConfigCommand } from '../commands/keepalived-config/command.ts'
import { addLabCommands } from '../commands/lab/command.ts'
import { addListCommand } from '../commands/list/command.ts'
import { addMetricsCommand } from '../commands/metrics/command.ts'
import { addNotifyCommand } from '../commands/notify/command.ts'
import { type Exit, useProfile } from '../commands/options.ts'
import { addPinCommands } from '../commands/pin/command.ts'
import { addReconcileCommand } from '../commands/reconcile/command.ts'
import { addStatusCommand } from '../commands/status/command.ts'
import { addSwitchCommand } from '../commands/switch/command.ts'
import { usageErrorText, usageHint } from '../terminal/error.ts'
import { VipSwitchCommand } from './command.ts'
import { addCompletionCommand, addManualCommand, addVersionCommand } from './self.ts'

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, readonly ((program: Command, exit: Exit) => void)[]>> = {
  'Set up': [addInitCommand, addKeepalivedConfigCommand, addIamPolicyCommand, addConfigCommands],
  Look: [addStatusCommand, addHistoryCommand, addDoctorCommand, addListCommand],
  Act: [addSwitchCommand, addPinCommands],
  Monitor: [addCheckCommand, addMetricsCommand],
  'Called by machines': [addNotifyCommand, addReconcileCommand],
  'This program': [addLabCommands, addCompletionCommand, addVersionCommand, addManualCommand],
}

/** Minimum width of an option's description; what a terminal of 60 columns has left. */
const LEAST_COLUMNS = 24

/** @param exit receives the command's exit code */
export function createProgram(exit: Exit): Command {
  const program = new VipSwitchCommand('vip-switch')
    .description('Moves a virtual IP between AWS availability zones: a route-table failover companion to keepalived.')
    .version(packageJson.version)
    // Arguments after a command belong to it: a node may be called `-V`.
    .enablePositionalOptions()
    // Without `[options]`, so that descriptions fit 80 columns.
    .configureHelp({ subcommandTerm: (command) => command.name(), minWidthToWrap: LEAST_COLUMNS })
    .configureOutput({ outputError: (text, write) => write(usageErrorText(text)) })
    .exitOverride()
    .addHelpText(
      'after',
      `
Exit codes:
  0 done  1 failed  2 usage or config  3 partial  4 refused  5 superseded

Examples:
  vip-switch lab                        watch a failover locally, without AWS
  vip-switch status                     current condition, and what to do next
  vip-switch doctor                     what could go wrong, and how to fix it
  vip-switch list                       where the routes point
  vip-switch switch VI_1 --to db-2      move an instance's routes by hand`,
    )
  for (const [group, commands] of Object.entries(COMMANDS)) {
    program.commandsGroup(`${group}:`)
    for (const add of commands) add(program, exit)
  }
  program.helpCommand('help [command]', 'display help for a command')
  program.hook('preAction', (_, command) => {
    const { profile } = command.opts()
    if (profile !== undefined) useProfile(profile)
  })
  nameHelpAfterErrors(program, program.name())
  return program
}

/** Points usage errors to the help of the command itself. */
function nameHelpAfterErrors(command: Command, words: string): void {
  command.showHelpAfterError(usageHint(words))
  for (const each of command.commands) nameHelpAfterErrors(each, `${words} ${each.name()}`)
}
