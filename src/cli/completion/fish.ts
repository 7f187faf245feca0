/** Completion for fish. */
import { type ArgumentOutline, allCommands, type CommandOutline, type OptionOutline } from '../outline.ts'
import { type Completes, completesOf } from './completes.ts'

/** Generates the script: a function that recognises the current command, and each command's completions. */
export function fishCompletion(program: CommandOutline): string {
  const commands = allCommands(program)
  const paths = commands.flatMap(({ path }) => (path.length > 0 ? [quoted(path.join(' '))] : []))
  const valued = commands.flatMap(({ path, options }) =>
    options.flatMap(({ names, value }) => (value ? names.map((name) => quoted([...path, name].join(' '))) : [])),
  )
  return `# fish completion for vip-switch: save as ~/.config/fish/completions/vip-switch.fish

function __vip_switch_at --description 'Whether the words before the cursor call this command'
    set -l path
    set -l wants_value false
    for word in (commandline -opc)[2..]
        set -l longer (string join -- ' ' $path $word)
        if $wants_value
            set wants_value false
        else if contains -- "$longer" ${paths.join(' ')}
            set -a path $word
        else if contains -- "$longer" ${valued.join(' ')}
            set wants_value true
        end
    end
    test "$path" = "$argv"
end

complete -c vip-switch -f
${commands.flatMap(linesOf).join('\n')}
`
}

function linesOf(command: CommandOutline): string[] {
  const { path, commands, options, arguments: given } = command
  const at = `complete -c vip-switch -n ${quoted(['__vip_switch_at', ...path].join(' '))}`
  return [
    ...commands.map((each) => `${at} -a ${each.path.at(-1)} -d ${quoted(each.description)}`),
    ...options.map((option) => [at, ...optionFlags(option)].join(' ')),
    ...given.flatMap((argument) => argumentFlags(argument).map((flags) => `${at} ${flags}`)),
  ]
}

function optionFlags({ names, value, description }: OptionOutline): string[] {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  return [...flags, ...(value ? [offers(completesOf(value, false))] : []), `-d ${quoted(description)}`]
}

function argumentFlags(argument: ArgumentOutline): string[] {
  const completes = completesOf(argument, true)
  if (completes.kind === 'nothing') return []
  return [`${completes.kind === 'files' ? '-F' : offers(completes)} -d ${quoted(argument.description)}`]
}

function offers(completes: Completes): string {
  switch (completes.kind) {
    case 'words':
      return `-x -a ${quoted(completes.words.join(' '))}`
    case 'files':
      return '-r -F'
    case 'directories':
      return `-x -a ${quoted('(__fish_complete_directories)')}`
    case 'printed':
      return `-x -a ${quoted(`(vip-switch ${completes.command} 2> /dev/null)`)}`
    case 'nothing':
      return '-x'
  }
}

const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`
