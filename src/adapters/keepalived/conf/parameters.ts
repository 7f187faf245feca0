/** `$NAME=VALUE`, and the substitution of `$NAME` and `${NAME}` (keepalived.conf(5), Parameter substitution). */

/** The lines of each parameter; most have just one. */
export type Parameters = Map<string, readonly string[]>

/** Substitutions per line: limits recursive parameters. */
const MAX_REPLACEMENTS = 100

export type Definition = {
  readonly name: string
  readonly value: string
  /** Whether it continues on the next line. */
  readonly continues: boolean
}

export function definitionIn(line: string): Definition | undefined {
  const [, name, value = ''] = /^\$([A-Za-z_]\w*)=\s*(.*)$/.exec(line) ?? []
  return name === undefined ? undefined : { name, value: withoutContinuation(value), continues: value.endsWith('\\') }
}

export function withoutContinuation(line: string): string {
  return line.replace(/\s*\\$/, '')
}

/** Substitutes parameters in a line; a multi-line parameter yields several lines. Undefined parameters stay. */
export function replacedIn(line: string, parameters: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const [, braced, plain] = /^\$(?:\{(\w+)\}|(\w+))$/.exec(line) ?? []
  const whole = parameters.get(braced ?? plain ?? '')
  if (whole && whole.length > 1) return whole
  let text = line
  for (let count = 0; count < MAX_REPLACEMENTS; count++) {
    const next = text.replace(/\$(?:\{(\w+)\}|([A-Za-z_]\w*)(?=[\s,)]|$))/g, (found, inBraces, alone) => {
      const [value, ...rest] = parameters.get(inBraces ?? alone) ?? []
      return value === undefined || rest.length > 0 ? found : value
    })
    if (next === text) break
    text = next
  }
  return [text]
}
