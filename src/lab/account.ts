/** Prints the lab's live report on stdout. */
import { stripVTControlCharacters } from 'node:util'
import { type Style, styleOf } from '../terminal/style.ts'
import { widthOf, wrapped } from '../terminal/table.ts'
import type { Narrator } from './stage.ts'

const INDENT = 2

export type Account = {
  readonly style: Style
  /** Width of a block, in columns. */
  readonly width: number
  title(text: string, subtitle: string): void
  chapter(text: string): void
  readonly narrate: Narrator
  /** Prints preformatted lines, indented. */
  block(text: string): void
}

type Stream = Parameters<typeof styleOf>[0] & Parameters<typeof widthOf>[0] & { write(text: string): unknown }

/** Creates a report on a stream; its clock starts now. */
export function accountOn(stream: Stream): Account {
  const style = styleOf(stream)
  const start = performance.now()
  const width = widthOf(stream)
  const print = (line: string) => stream.write(`${line}\n`)
  return {
    style,
    width: width - INDENT,
    title(text, subtitle) {
      print(`\n  ${style.bold(text)}`)
      print(wrapped(`  ${style.dim(subtitle)}`, width, INDENT))
    },
    chapter: (text) => print(`\n  ${style.bold(text)}`),
    narrate(who, what) {
      const seconds = ((performance.now() - start) / 1000).toFixed(2).padStart(6)
      const label = `  ${style.dim(`${seconds} s`)}  ${style.cyan(who.padEnd(5))}  `
      print(wrapped(`${label}${what}`, width, stripVTControlCharacters(label).length))
    },
    block: (text) => print(text.replaceAll(/^(?=.)/gm, '  ')),
  }
}
