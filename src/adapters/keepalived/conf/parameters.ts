/** `$NAME=VALUE`, and the substitution of `$NAME` and `${NAME}` (lib/parser.c, check_definition and replace_param). */

/** The lines of each parameter; most have just one. */
export type Parameters = Map<string, readonly string[]>

/** Substitutions per line: limits recursive parameters, for which keepalived has the length of a line. */
const MAX_REPLACEMENTS = 1000

/** `$NAME`, at the end of a word or before a comma or bracket, or `${NAME}`, where it may have arguments. */
const USE = /\$(?:\{([A-Za-z_]\w*)((?:[ \t]+\w+)*)\}|([A-Za-z_]\w*)(?=[ \t,)]|$))/g

export type Definition = {
  readonly name: string
  readonly value: string
  /** Whether it continues on the next line. */
  readonly continues: boolean
}

export function definitionIn(line: string): Definition | undefined {
  const [, name, value = ''] = /^\$([A-Za-z_]\w*)=[ \t]*(.*)$/s.exec(line) ?? []
  return name === undefined ? undefined : { name, value: withoutContinuation(value), continues: value.endsWith('\\') }
}

export function withoutContinuation(line: string): string {
  return line.replace(/[ \t]*\\$/, '')
}

export type Replaced = {
  readonly text: string
  /** The further lines of a multi-line parameter, which only counts at the end of a line. */
  readonly more: readonly string[]
  /** Whether recursive parameters did not come to an end. */
  readonly isEndless: boolean
}

/** Substitutes the parameters in a line, and those in their values. Undefined ones stay. */
export function replacedIn(line: string, parameters: ReadonlyMap<string, readonly string[]>): Replaced {
  let text = line
  let more: readonly string[] = []
  let from = 0
  for (let count = 0; count < MAX_REPLACEMENTS; count++) {
    const use = useIn(text, from, parameters)
    if (!use) return { text, more, isEndless: false }
    const [first = '', ...others] = use.value
    text = text.slice(0, use.start) + first + text.slice(use.end)
    more = [...others, ...more]
    from = use.start
    // A value that starts a sequence keeps its parameters for the repetitions.
    if (/^[ \t]*~/.test(first)) return { text, more, isEndless: false }
  }
  return { text, more, isEndless: true }
}

/** The first use of a defined parameter; a multi-line one only counts at the end of the text. */
function useIn(text: string, from: number, parameters: ReadonlyMap<string, readonly string[]>) {
  for (const use of text.slice(from).matchAll(USE)) {
    const [found, inBraces, values, alone] = use
    const start = from + use.index
    const end = start + found.length
    const value = values ? undefined : parameters.get(inBraces ?? alone ?? '')
    if (value && (value.length <= 1 || end === text.length)) return { start, end, value }
  }
  return undefined
}
