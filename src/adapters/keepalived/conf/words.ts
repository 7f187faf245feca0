/** The lexers of keepalived.conf (lib/parser.c: decomment, alloc_strvec, alloc_strvec_quoted_escaped). */

/** A double-quoted string, an escaped character, the start of a comment, or anything else. */
const COMMENT_PARTS = /"(?:\\.|[^"\\])*"?|\\.?|[#!]|[^"\\#!]+/gs

const PLAIN_WORD = /"([^"]*)"|[^\s"]+|"/gs

/** The closing quote may be missing at the very end, directly after the opening one or an escaped character. */
const DOUBLE = String.raw`"(?:(?:\\.|[^"\\])*"|(?:[^"\\]*\\.)*$)`
const SINGLE = String.raw`'(?:(?:\\.|[^'\\])*'|(?:[^'\\]*\\.)*$)`
const SCRIPT_WORD = new RegExp(String.raw`(?<word>(?:${DOUBLE}|${SINGLE}|\\.|[^\s"'\\])+)|["'\\]`, 'gs')
const QUOTED = new RegExp(String.raw`${DOUBLE}|${SINGLE}|\\.[0-9a-fA-F]*`, 'gs')
const ESCAPE_OR_QUOTE = /\\(x[0-9a-fA-F]+|c.|[0-7]{1,3}|.)|["']/gs
const CONTROL: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/**
 * Strips a comment, which starts with `#` or `!` outside double quotes; `\#` and `\!` are literal.
 * @param keepsContinuation whether a backslash that ends the comment still continues the line, as before 2.4
 */
export function withoutComment(line: string, keepsContinuation = false): string {
  const parts = line.match(COMMENT_PARTS) ?? []
  const end = parts.findIndex((part) => part === '#' || part === '!')
  const text = parts
    .slice(0, end < 0 ? parts.length : end)
    .map((part) => (part === '\\#' || part === '\\!' ? part.slice(1) : part))
    .join('')
    .trim()
  return keepsContinuation && end >= 0 && parts.at(-1) === '\\' ? `${text}\\` : text
}

/** Splits a line into words as for most keywords: only double quotes count, and an unmatched one ends the line. */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  for (const [word, quoted] of line.matchAll(PLAIN_WORD)) {
    if (word === '"') break
    words.push(quoted ?? word)
  }
  return words
}

/**
 * Splits a line into words as for scripts: removes quotes of both kinds, keeps spaces within them, and resolves a
 * backslash as C does. Undefined if a quote or an escape is incomplete, for which keepalived ignores the script.
 */
export function scriptWordsOf(line: string): string[] | undefined {
  const words: string[] = []
  for (const { groups } of line.matchAll(SCRIPT_WORD)) {
    if (groups?.word === undefined) return undefined
    words.push(groups.word.replace(QUOTED, unquoted))
  }
  return words
}

function unquoted(part: string): string {
  const quote = part.startsWith('\\') ? undefined : part[0]
  return part.replace(ESCAPE_OR_QUOTE, (found: string, escaped: string | undefined) => {
    if (escaped === undefined) return found === quote ? '' : found
    if (/^x./.test(escaped)) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16) & 0xff)
    if (/^c./s.test(escaped)) return String.fromCharCode(escaped.charCodeAt(1) & 0x1f)
    if (/^[0-7]/.test(escaped)) return String.fromCharCode(Number.parseInt(escaped, 8) & 0xff)
    return CONTROL[escaped] ?? escaped
  })
}
