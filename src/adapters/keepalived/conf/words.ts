/** The lexical side of keepalived.conf: comments, quotes, escapes (keepalived.conf(5); lib/parser.c, decomment). */

/** Double quotes, an escaped letter, what begins a comment, anything else. */
const COMMENT_PARTS = /"(?:\\.|[^"\\])*"?|\\.?|[#!]|[^"\\#!]+/gs

const DOUBLE = String.raw`"(?:\\.|[^"\\])*"?`
const SINGLE = String.raw`'(?:\\.|[^'\\])*'?`
const WORD = new RegExp(String.raw`(?:${DOUBLE}|${SINGLE}|\\.|[^\s"'\\]|\\$)+`, 'gs')
const QUOTED = new RegExp(String.raw`${DOUBLE}|${SINGLE}|\\.`, 'gs')

/** Without what follows a `#` or `!` outside double quotes; `\#` and `\!` are those letters. */
export function withoutComment(line: string): string {
  const parts = line.match(COMMENT_PARTS) ?? []
  const end = parts.findIndex((part) => part === '#' || part === '!')
  return parts
    .slice(0, end < 0 ? parts.length : end)
    .map((part) => (part === '\\#' || part === '\\!' ? part.slice(1) : part))
    .join('')
    .trim()
}

/** Words as the parser splits them: quotes are taken away, and blanks within them kept; a backslash escapes a letter. */
export function wordsOf(line: string): string[] {
  return (line.match(WORD) ?? []).map((word) => word.replace(QUOTED, unquoted))
}

function unquoted(part: string): string {
  const [quote = ''] = part
  const inner = quote === '\\' ? part : part.slice(1, part.length > 1 && part.endsWith(quote) ? -1 : undefined)
  return inner.replace(/\\(.)/gs, '$1')
}
