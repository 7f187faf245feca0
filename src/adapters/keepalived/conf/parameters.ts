/** `$NAME=VALUE`, and what becomes of `$NAME` and `${NAME}` (keepalived.conf(5), Parameter substitution). */

/** The lines of each parameter; most have one. */
export type Parameters = Map<string, readonly string[]>

/** Of one line: a parameter that holds itself would never end. */
const MOST_REPLACEMENTS = 100

export type Definition = {
  readonly name: string
  readonly value: string
  /** Whether its next line belongs to it. */
  readonly continues: boolean
}

export function definitionIn(line: string): Definition | undefined {
  const [, name, value = ''] = /^\$([A-Za-z_]\w*)=\s*(.*)$/.exec(line) ?? []
  return name === undefined ? undefined : { name, value: withoutContinuation(value), continues: value.endsWith('\\') }
}

export function withoutContinuation(line: string): string {
  return line.replace(/\s*\\$/, '')
}

/** The line with its parameters replaced: several lines where it is a parameter of several. One not defined stays. */
export function replacedIn(line: string, parameters: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const [, braced, plain] = /^\$(?:\{(\w+)\}|(\w+))$/.exec(line) ?? []
  const whole = parameters.get(braced ?? plain ?? '')
  if (whole && whole.length > 1) return whole
  let text = line
  for (let count = 0; count < MOST_REPLACEMENTS; count++) {
    const next = text.replace(/\$(?:\{(\w+)\}|([A-Za-z_]\w*)(?=[\s,)]|$))/g, (found, inBraces, alone) => {
      const [value, ...rest] = parameters.get(inBraces ?? alone) ?? []
      return value === undefined || rest.length > 0 ? found : value
    })
    if (next === text) break
    text = next
  }
  return [text]
}
