/**
 * Makes untrusted text (tags, names, addresses, errors) safe for a terminal: nothing in it acts on the terminal or
 * stays invisible.
 */

/** A joiner between non-ASCII letters, marks or symbols, which scripts and emoji need. */
const JOINER = String.raw`(?<=(?!\p{ASCII})[\p{L}\p{M}\p{S}])[\u200c\u200d](?=(?!\p{ASCII})[\p{L}\p{S}])`
/** Variation selectors, which make a symbol an emoji, or a digit a keycap. */
const SELECTOR = String.raw`(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=[\d#*])\ufe0f(?=\u20e3)`

/**
 * Control characters (C0, DEL, C1), line and paragraph separators, lone surrogates, and every character that is
 * invisible by itself: bidirectional marks, zero-width and other format characters, fillers, tags (Unicode's
 * Default_Ignorable_Code_Point, and interlinear annotation marks). Visible format characters, such as the Arabic number
 * signs, are not included.
 */
const HIDDEN = String.raw`(?!${JOINER}|${SELECTOR})[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{DI}\ufff9-\ufffb]`

let compiled: RegExp | undefined
/** Compiled on first use: that takes as long as everything else in a hook that hands its event over. */
function hidden(): RegExp {
  compiled ??= new RegExp(HIDDEN, 'gu')
  return compiled
}

/** Nothing in such a text is hidden, so the costly expression is not needed. */
const PLAIN = /^[ -~]*$/

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Replaces characters that act on a terminal or are invisible by escapes: `\x1b`, `\u202e`, `\U000e0041`. */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text
  return text.replace(hidden(), (character) => NAMED[character] ?? numbered(character))
}

function numbered(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16)
  if (digits.length <= 2) return `\\x${digits.padStart(2, '0')}`
  return digits.length <= 4 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`
}

/**
 * The same for JSON: the document keeps its meaning for parsers, but has no effect on a terminal.
 * @param text a JSON document; its line breaks and spaces stay
 */
export function visibleJson(text: string): string {
  return text.replace(hidden(), (character) => {
    if (character === '\n') return character
    return Array.from({ length: character.length }, (_, at) => `\\u${hex(character.charCodeAt(at))}`).join('')
  })
}

const hex = (unit: number) => unit.toString(16).padStart(4, '0')

/** Truncates to `most` characters, ending in `…`. */
export function cut(text: string, most: number): string {
  // Splits only the visible part into code points: a text may have megabytes.
  const start = Array.from(text.slice(0, 2 * most + 2))
  return start.length <= most ? text : `${start.slice(0, most - 1).join('')}…`
}
