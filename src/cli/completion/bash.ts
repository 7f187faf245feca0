/** Completion for bash. */
import { allCommands, type CommandOutline } from '../outline.ts'
import { type Completes, completesOf } from './completes.ts'

/**
 * Generates the script. The words before the cursor determine the command, its number of arguments and any option that
 * expects a value; three tables say what follows.
 */
export function bashCompletion(program: CommandOutline): string {
  const commands = allCommands(program)
  const paths = commands.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path))
  const valued = commands.flatMap(({ path, options }) =>
    options.flatMap(({ names, value }) =>
      value ? names.map((name) => ({ key: quoted([...path, name]), value })) : [],
    ),
  )
  const flags = commands.map(({ path, options }) => arm(quoted(path), words(options.flatMap(({ names }) => names))))
  return `# bash completion for vip-switch: source it, or put it in /etc/bash_completion.d/

_vip_switch_words() {
  local IFS=$'\\n'
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_vip_switch_files() {
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
  compopt -o filenames 2> /dev/null
}

_vip_switch() {
  local current=\${COMP_WORDS[COMP_CWORD]} path= option= word
  local -i index arguments=0
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    # bash splits --config=file into three words.
    [[ $word == '=' ]] && continue
    if [[ $option ]]; then
      option=
      continue
    fi
    case "\${path:+$path }$word" in
      ${paths.join(' | ')})
        path="\${path:+$path }$word"
        ;;
      ${valued.map(({ key }) => key).join(' | ')})
        option=$word
        ;;
      *)
        [[ $word == -* ]] || arguments+=1
        ;;
    esac
  done
  [[ $current == '=' ]] && current=

  if [[ $option ]]; then
    case "\${path:+$path }$option" in
${valued.flatMap(({ key, value }) => completion(key, completesOf(value, false))).join('\n')}
    esac
  elif [[ $current == -* ]]; then
    case $path in
${flags.join('\n')}
    esac
  else
    case "$path:$arguments" in
${commands.flatMap(argumentArms).join('\n')}
    esac
  fi
}

complete -F _vip_switch vip-switch
`
}

function argumentArms({ path, commands, arguments: given }: CommandOutline): string[] {
  const key = (index: number | '*') => `${quoted(path)}:${index}`
  if (commands.length > 0) return [arm(key(0), words(commands.map((each) => each.path.at(-1) ?? '')))]
  return given.flatMap((argument, index) =>
    completion(key(argument.isVariadic ? '*' : index), completesOf(argument, true)),
  )
}

function completion(key: string, completes: Completes): string[] {
  switch (completes.kind) {
    case 'words':
      return [arm(key, words(completes.words))]
    case 'files':
      return [arm(key, '_vip_switch_files -f "$current"')]
    case 'directories':
      return [arm(key, '_vip_switch_files -d "$current"')]
    case 'printed':
      return [arm(key, `_vip_switch_words "$("\${COMP_WORDS[0]}" ${completes.command} 2> /dev/null)" "$current"`)]
    case 'nothing':
      return []
  }
}

const words = (each: readonly string[]) => `_vip_switch_words $'${each.join('\\n')}' "$current"`

const arm = (key: string, command: string) => `      ${key}) ${command} ;;`

const quoted = (path: readonly string[]) => `'${path.join(' ')}'`
