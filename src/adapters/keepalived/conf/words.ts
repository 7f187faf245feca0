/** The lexer of keepalived.conf: comments, quotes, escapes (keepalived.conf(5); lib/parser.c, decomment). */

/** A double-quoted string, an escaped character, the start of a comment, or anything else. */
const COMMENT_PARTS = /"(?:\\.|[^"\\])*"?|\\.?|[#!]|[^"\\#!]+/gs

const DOUBLE = String.raw`"(?:\\.|[^"\\])*"?`
const SINGLE = String.raw`'(?:\\.|[^'\\])*'?`
const WORD = new RegExp(String.raw`(?:${DOUBLE}|${SINGLE}|\\.|[^\s"'\\]|\\$)+`, 'gs')
const QUOTED = new RegExp(String.raw`${DOUBLE}|${SINGLE}|\\.`, 'gs')

/** Strips a comment, which starts with `#` or `!` outside double quotes; `\#` and `\!` are literal. */
export function withoutComment(line: string): string {
  const parts = line.match(COMMENT_PARTS) ?? []
  const end = parts.findIndex((part) => part === '#' || part === '!')
  return parts
    .slice(0, end < 0 ? parts.length : end)
    .map((part) => (part === '\\#' || part === '\\!' ? part.slice(1) : part))
    .join('')
    .trim()
}

/**
 * Splits a line into words as the parser does: removes quotes, keeps spaces within them; a backslash escapes a
 * character.
 */
export function wordsOf(line: string): string[] {
  return (line.match(WORD) ?? []).map((word) => word.replace(QUOTED, unquoted))
}

function unquoted(part: string): string {
  const [quote = ''] = part
  const inner = quote === '\\' ? part : part.slice(1, part.length > 1 && part.endsWith(quote) ? -1 : undefined)
  return inner.replace(/\\(.)/gs, '$1')
}
