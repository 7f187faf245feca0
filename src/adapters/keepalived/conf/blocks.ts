/** Parses keepalived.conf into blocks. */
import type { ConfLines } from './lines.ts'
import { wordsOf } from './words.ts'

/** A keyword, the words after it, and its block. */
export type Entry = {
  readonly keyword: string
  readonly words: readonly string[]
  /** The entries of its block; empty without one. */
  readonly entries: readonly Entry[]
}

type Open = { readonly keyword: string; readonly words: readonly string[]; readonly entries: Open[] }

/** Parses the lines into entries; unbalanced braces are added to the doubts. */
export function blocksOf({ lines, doubts }: ConfLines): { entries: readonly Entry[]; doubts: readonly string[] } {
  const entries: Open[] = []
  const stack: Open[][] = [entries]
  let unmatched = 0
  for (const part of lines.flatMap(partsOf)) {
    const current = stack.at(-1) ?? entries
    if (part === '{') stack.push(current.at(-1)?.entries ?? [])
    else if (part !== '}') {
      const [keyword = '', ...words] = wordsOf(part)
      current.push({ keyword, words, entries: [] })
    } else if (stack.length > 1) stack.pop()
    else unmatched += 1
  }
  const isWhole = unmatched === 0 && stack.length === 1
  return { entries, doubts: isWhole ? doubts : [...doubts, 'its braces are unbalanced'] }
}

/** Splits a line at its braces, except those in double quotes or `${…}`. */
function partsOf(line: string): string[] {
  const parts = line.match(/(?:"[^"]*"?|\$\{[^}]*\}|[^{}"])+|[{}]/g) ?? []
  return parts.map((part) => part.trim()).filter(Boolean)
}
