/** The commands as plain data, for completions and the manual. */
import type { Argument, Command, Help, Option } from 'commander'

/** An option's value or an argument: its name in the help, and its allowed values. */
export type ValueOutline = { readonly name: string; readonly choices: readonly string[] }

export type OptionOutline = {
  /** `-c`, `--config`: the short one first, if there are two. */
  readonly names: readonly string[]
  /** The value, if it takes one. */
  readonly value: ValueOutline | undefined
  readonly isRepeatable: boolean
  readonly description: string
  /** The description with choices and default, as in the help. */
  readonly fullDescription: string
}

export type ArgumentOutline = ValueOutline & {
  readonly isRequired: boolean
  readonly isVariadic: boolean
  readonly description: string
}

export type CommandOutline = {
  /** The words that select it, without the program's name. */
  readonly path: readonly string[]
  readonly description: string
  readonly arguments: readonly ArgumentOutline[]
  readonly options: readonly OptionOutline[]
  readonly commands: readonly CommandOutline[]
  /** The rest of the help: notes and examples. */
  readonly notes: string
}

/** The outline of a command and its subcommands; hidden ones and `help` are left out. */
export function outlineOf(command: Command, path: readonly string[] = []): CommandOutline {
  const help = command.createHelp()
  return {
    path,
    description: command.description(),
    arguments: command.registeredArguments.map(argumentOf),
    options: help.visibleOptions(command).map((option) => optionOf(option, help)),
    commands: help
      .visibleCommands(command)
      .filter((each) => each.name() !== 'help')
      .map((each) => outlineOf(each, [...path, each.name()])),
    notes: notesOf(command),
  }
}

/** The command and all its subcommands, in help order. */
export function allCommands(outline: CommandOutline): CommandOutline[] {
  return [outline, ...outline.commands.flatMap(allCommands)]
}

function argumentOf(argument: Argument): ArgumentOutline {
  const { required: isRequired, variadic: isVariadic, description, argChoices: choices = [] } = argument
  return { name: argument.name(), choices, isRequired, isVariadic, description }
}

function optionOf(option: Option, help: Help): OptionOutline {
  const [, name] = /[<[]([\w-]+)/.exec(option.flags) ?? []
  return {
    names: [option.short, option.long].flatMap((each) => each ?? []),
    value: name === undefined ? undefined : { name, choices: option.argChoices ?? [] },
    isRepeatable: Array.isArray(option.defaultValue),
    description: option.description,
    fullDescription: help.optionDescription(option),
  }
}

/** Commander only renders added help texts as part of the whole help. */
function notesOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  return text.slice(command.helpInformation().length).trim()
}
