/** What `vip-switch keepalived-config` says beside the snippet. */
import { forPeople } from '../../terminal/print.ts'
import { styleOf } from '../../terminal/style.ts'
import { table, widthOf, wrapped } from '../../terminal/table.ts'

/** Something that a person must fill in: its placeholder, the flag that tells it, and why it is not known. */
export type Gap = { readonly placeholder: string; readonly flag: string; readonly why: string }

/** The snippet, for a file. keepalived knows no name or path that this would change. */
export const snippetText = forPeople((lines: readonly string[]) => lines.join('\n'))

/** For stderr: what is missing, and what was left out. Empty where nothing is. */
export const gapsText = forPeople(
  (gaps: readonly Gap[], leftOut: readonly string[], width: number = widthOf(process.stderr)) => {
    const { bold, yellow } = styleOf(process.stderr)
    const rows = gaps.map(({ placeholder, flag, why }) => [`  ${bold(placeholder)}`, flag, why])
    return [
      ...(gaps.length > 0
        ? [wrapped(`${yellow('to be filled in')}, or said by a flag; keepalived refuses the file until then:`, width)]
        : []),
      ...(gaps.length > 0 ? [table(rows, undefined, width)] : []),
      ...leftOut.map((text) => wrapped(`${yellow('left out:')} ${text}`, width)),
    ].join('\n')
  },
)
