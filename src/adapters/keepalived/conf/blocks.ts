/** Parses keepalived.conf into blocks. */
import type { ConfLines } from './lines.ts'
import { wordsOf } from './words.ts'

/** A keyword, the words after it, and its block. */
export type Entry = {
  readonly keyword: string
  readonly words: readonly string[]
  /** The line, which is split into words by other rules for scripts. */
  readonly text: string
  /** The entries of its block; empty without one. */
  readonly entries: readonly Entry[]
}

type Open = Omit<Entry, 'entries'> & { readonly entries: Open[] }

/** Parses the lines into entries; unbalanced braces are added to the doubts. */
export function blocksOf({ lines, doubts }: ConfLines): { entries: readonly Entry[]; doubts: readonly string[] } {
  const entries: Open[] = []
  const stack: Open[][] = [entries]
  let unmatched = 0
  for (const text of lines) {
    const current = stack.at(-1) ?? entries
    if (text === '{') stack.push(current.at(-1)?.entries ?? [])
    else if (text !== '}') {
      const [keyword = '', ...words] = wordsOf(text)
      current.push({ keyword, words, text, entries: [] })
    } else if (stack.length > 1) stack.pop()
    else unmatched += 1
  }
  const isWhole = unmatched === 0 && stack.length === 1
  return { entries, doubts: isWhole ? doubts : [...doubts, 'its braces are unbalanced'] }
}
