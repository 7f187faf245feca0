/** Completion for zsh. */
import { type ArgumentOutline, allCommands, type CommandOutline, type OptionOutline } from '../outline.ts'
import { type Completes, completesOf } from './completes.ts'

/** Generates the script: a function per command, which delegates to zsh's _arguments. */
export function zshCompletion(program: CommandOutline): string {
  return `#compdef vip-switch
# zsh completion for vip-switch: source it after compinit, or save it as _vip-switch in a directory of $fpath

# The command is in the last two arguments: _arguments inserts options of compadd before them.
_vip-switch-printed() {
  local -a names
  names=(\${(f)"$(_call_program names $service $argv[-2,-1])"})
  compadd -a names
}

${allCommands(program).map(commandFunction).join('\n\n')}

if [[ $funcstack[1] == _vip-switch ]]; then
  _vip-switch "$@"
else
  compdef _vip-switch vip-switch
fi
`
}

function commandFunction(command: CommandOutline): string {
  const { commands, options, arguments: given } = command
  const specs = [...options.map(optionSpec), ...given.map(argumentSpec)]
  if (commands.length === 0) return shellFunction(command, [argumentsCall('-s', specs)])
  const names = commands.map(
    ({ path, description }) => `      ${quoted(`${path.at(-1)}:${escaped(description, ':')}`)}`,
  )
  return shellFunction(command, [
    '  local curcontext=$curcontext state line',
    '  local -A opt_args',
    '  local -a commands',
    argumentsCall('-C -s', [...specs, quoted('1:command:->command'), quoted('*::argument:->argument')]),
    '  case $state in',
    '    command)',
    '      commands=(',
    ...names.map((name) => `  ${name}`),
    '      )',
    '      _describe command commands',
    '      ;;',
    '    argument)',
    `      curcontext="\${curcontext%:*}-$line[1]:"`,
    '      case $line[1] in',
    ...commands.map((each) => `        ${each.path.at(-1)}) ${functionName(each)} ;;`),
    '      esac',
    '      ;;',
    '  esac',
  ])
}

function shellFunction(command: CommandOutline, lines: readonly string[]): string {
  return [`${functionName(command)}() {`, ...lines, '}'].join('\n')
}

const functionName = ({ path }: CommandOutline) => ['_vip-switch', ...path].join('-')

function argumentsCall(flags: string, specs: readonly string[]): string {
  return [`  _arguments ${flags}`, ...specs.map((spec) => `    ${spec}`)].join(' \\\n')
}

/** `'(-c --config)'{-c+,--config=}'[…]:file:_files'`: two forms of one option, whose value may also follow a space. */
function optionSpec({ names, value, isRepeatable, description }: OptionOutline): string {
  const forms = names.map((name) => (value ? `${name}${name.startsWith('--') ? '=' : '+'}` : name))
  const [only = ''] = forms
  const spelled = forms.length > 1 ? `{${forms.join(',')}}` : only
  const times = isRepeatable ? "'*'" : forms.length > 1 ? `'(${names.join(' ')})'` : ''
  const takes = value ? `:${value.name}:${action(completesOf(value, false))}` : ''
  return `${times}${spelled}${quoted(`[${escaped(description, '[]:')}]${takes}`)}`
}

function argumentSpec(argument: ArgumentOutline, index: number): string {
  const place = argument.isVariadic ? '*' : String(index + 1)
  return quoted(`${place}${argument.isRequired ? ':' : '::'}${argument.name}:${action(completesOf(argument, true))}`)
}

function action(completes: Completes): string {
  switch (completes.kind) {
    case 'words':
      return `(${completes.words.join(' ')})`
    case 'files':
      return '_files'
    case 'directories':
      return '_files -/'
    case 'printed':
      return `_vip-switch-printed ${completes.command}`
    case 'nothing':
      return ' '
  }
}

function escaped(text: string, characters: string): string {
  return Array.from(text, (each) => (`\\${characters}`.includes(each) ? `\\${each}` : each)).join('')
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
