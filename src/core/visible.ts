/** Text of others (tags, names, addresses, errors) made fit for a terminal: nothing in it acts, and nothing in it hides. */

/** A joiner between letters, marks or symbols outside ASCII: scripts and emoji need it. */
const JOINER = String.raw`(?<=(?!\p{ASCII})[\p{L}\p{M}\p{S}])[\u200c\u200d](?=(?!\p{ASCII})[\p{L}\p{S}])`
/** What makes a sign an emoji, or a digit a keycap. */
const SELECTOR = String.raw`(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=[\d#*])\ufe0f(?=\u20e3)`

/**
 * Control characters (C0, DEL, C1), line and paragraph separators, lone surrogates, and every character that shows nothing
 * by itself: bidirectional marks, zero-width and other format characters, fillers, tags (Unicode's
 * Default_Ignorable_Code_Point, and the marks of interlinear annotations). Format characters that do show, such as the
 * Arabic number signs, are not among them.
 */
const HIDDEN = String.raw`(?!${JOINER}|${SELECTOR})[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{DI}\ufff9-\ufffb]`

let compiled: RegExp | undefined
/** Compiled on first use: that takes longer than everything else in a hook that hands its event over. */
function hidden(): RegExp {
  compiled ??= new RegExp(HIDDEN, 'gu')
  return compiled
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The text, with whatever acts on a terminal or hides there shown by its number: `\x1b`, `\u202e`, `\U000e0041`. */
export function visible(text: string): string {
  return text.replace(hidden(), (character) => NAMED[character] ?? numbered(character))
}

function numbered(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16)
  if (digits.length <= 2) return `\\x${digits.padStart(2, '0')}`
  return digits.length <= 4 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`
}

/**
 * The same for JSON: the document says what it said to whatever parses it, and its text does nothing to a terminal.
 * @param text of a JSON document; its line breaks and spaces stay
 */
export function visibleJson(text: string): string {
  return text.replace(hidden(), (character) => {
    if (character === '\n') return character
    return Array.from({ length: character.length }, (_, at) => `\\u${hex(character.charCodeAt(at))}`).join('')
  })
}

const hex = (unit: number) => unit.toString(16).padStart(4, '0')

/** No longer than `most` characters: what is longer is cut, and ends with `…`. */
export function cut(text: string, most: number): string {
  // By code points, of the part that is shown alone: a text may have megabytes.
  const start = Array.from(text.slice(0, 2 * most + 2))
  return start.length <= most ? text : `${start.slice(0, most - 1).join('')}…`
}
