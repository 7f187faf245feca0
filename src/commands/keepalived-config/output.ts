/** Output of `vip-switch keepalived-config`: the snippet, and notes on it. */
import { forPeople } from '../../terminal/print.ts'
import { styleOf } from '../../terminal/style.ts'
import { table, widthOf, wrapped } from '../../terminal/table.ts'

/** A value the user must fill in: its placeholder, the flag for it, and why it is unknown. */
export type Gap = { readonly placeholder: string; readonly flag: string; readonly why: string }

/** The snippet for a file. Making it printable changes nothing that keepalived accepts. */
export const snippetText = forPeople((lines: readonly string[]) => lines.join('\n'))

/** For stderr: what is missing and what was left out; empty if nothing is. */
export const gapsText = forPeople(
  (gaps: readonly Gap[], leftOut: readonly string[], width: number = widthOf(process.stderr)) => {
    const { bold, yellow } = styleOf(process.stderr)
    const rows = gaps.map(({ placeholder, flag, why }) => [`  ${bold(placeholder)}`, flag, why])
    return [
      ...(gaps.length > 0
        ? [wrapped(`${yellow('fill in')}, or pass as flags; keepalived rejects the file until then:`, width)]
        : []),
      ...(gaps.length > 0 ? [table(rows, undefined, width)] : []),
      ...leftOut.map((text) => wrapped(`${yellow('left out:')} ${text}`, width)),
    ].join('\n')
  },
)
