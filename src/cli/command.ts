/** Commander's command, whose errors say more. */
import { Command, type ErrorOptions } from 'commander'
import { visible } from '../core/visible.ts'

/** Where something is missing that has a few values only, these are told, as Commander does where the value is wrong. */
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
    // Words of the call are in it: only Commander's own line break is one.
    const lines = message.split(/\n(?=\(Did you mean )/).map(visible)
    return super.error(`${lines.join('\n')}${allowed}`, options)
  }
}

function isMissing(code: string | undefined): boolean {
  return code === 'commander.missingMandatoryOptionValue' || code === 'commander.missingArgument'
}
