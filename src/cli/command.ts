/** Commander's command with more helpful errors. */
import { Command, type ErrorOptions } from 'commander'
import { visible } from '../core/visible.ts'

/** If a missing argument or option has choices, lists them, as Commander does for invalid values. */
export class VipSwitchCommand extends Command {
  override createCommand(name?: string): Command {
    return new VipSwitchCommand(name)
  }

  override error(message: string, options?: ErrorOptions): never {
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
