/** keepalived.conf as blocks. */
import type { ConfLines } from './lines.ts'
import { wordsOf } from './words.ts'

/** One keyword with what follows it on its line, and its block. */
export type Entry = {
  readonly keyword: string
  readonly words: readonly string[]
  /** Those of its block; none where it has no block. */
  readonly entries: readonly Entry[]
}

type Open = { readonly keyword: string; readonly words: readonly string[]; readonly entries: Open[] }

/** The entries of the lines; braces that do not match are added to the doubts. */
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
  return { entries, doubts: isWhole ? doubts : [...doubts, 'its braces do not match'] }
}

/** A line, split at its braces; those in double quotes and of `${…}` are none. */
function partsOf(line: string): string[] {
  const parts = line.match(/(?:"[^"]*"?|\$\{[^}]*\}|[^{}"])+|[{}]/g) ?? []
  return parts.map((part) => part.trim()).filter(Boolean)
}
