/** The lab's account of itself, on stdout, each line at the moment of what it tells. */
import { type Style, styleOf } from '../output/style.ts'
import type { Narrator } from './stage.ts'

export type Account = {
  readonly style: Style
  title(text: string, subtitle: string): void
  chapter(text: string): void
  readonly narrate: Narrator
  /** Lines as they are, indented. */
  block(text: string): void
}

export function accountOn(stream: NodeJS.WriteStream): Account {
  const style = styleOf(stream)
  const start = performance.now()
  const print = (line: string) => stream.write(`${line}\n`)
  return {
    style,
    title(text, subtitle) {
      print(`\n  ${style.bold(text)}`)
      print(`  ${style.dim(subtitle)}`)
    },
    chapter: (text) => print(`\n  ${style.bold(text)}`),
    narrate(who, what) {
      const seconds = ((performance.now() - start) / 1000).toFixed(2).padStart(6)
      print(`  ${style.dim(`${seconds} s`)}  ${style.cyan(who.padEnd(5))}  ${what}`)
    },
    block: (text) => print(text.replaceAll(/^(?=.)/gm, '  ')),
  }
}
