/** Commander's command with more helpful errors. */
import { Command, type ErrorOptions, type HelpContext } from 'commander'
import { visible } from '../core/visible.ts'

/** If a missing argument or option has choices, lists them, as Commander does for invalid values. */
export class VipSwitchCommand extends Command {
  override createCommand(name?: string): Command {
    return new VipSwitchCommand(name)
  }

  /** Commander's own, which its typings leave out. */
  declare unknownCommand: () => never

  /** Refuses an unknown command even if help was requested for it: Commander would print the help of its parent. */
  override helpInformation(context?: HelpContext): string {
    const [word, topic] = this.args
    const name = word === 'help' ? topic : word
    if (name !== undefined && this.#lacks(name)) {
      this.args = [name]
      this.unknownCommand()
    }
    return super.helpInformation(context)
  }

  #lacks(name: string): boolean {
    const known = ['help', ...this.commands.map((each) => each.name())]
    return this.commands.length > 0 && !name.startsWith('-') && !known.includes(name)
  }

  override error(message: string, options?: ErrorOptions): never {
    // Commander counts the words after a command that also runs by itself as its arguments.
    if (options?.code === 'commander.excessArguments' && this.commands.length > 0) this.unknownCommand()
    const wanted = [
      ...this.options.map(({ flags, argChoices }) => ({ name: flags, choices: argChoices })),
      ...this.registeredArguments.map((argument) => ({ name: argument.name(), choices: argument.argChoices })),
    ]
    const missing = isMissing(options?.code) ? wanted.find(({ name }) => message.includes(`'${name}'`)) : undefined
    const allowed = missing?.choices ? `. Allowed choices are ${missing.choices.join(', ')}.` : ''
    // The message quotes the user's arguments: keep only Commander's own line break.
    const lines = message.split(/\n(?=\(Did you mean )/).map(visible)
    return super.error(`${lines.join('\n')}${allowed}`, options)
  }
}

function isMissing(code: string | undefined): boolean {
  return code === 'commander.missingMandatoryOptionValue' || code === 'commander.missingArgument'
}
