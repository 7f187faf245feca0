/** `~SEQ` and `~LST`: a line repeated with other values of its parameters (lib/parser.c, add_seq and add_lst). */

export type Repetition = {
  /** The parameters' values for each repetition. */
  readonly rounds: readonly ReadonlyMap<string, string>[]
  readonly text: string
}

const SEQUENCE = /^~SEQ(x?)[ \t]*\([ \t]*([^ \t,){]+)[ \t]*,[ \t]*([^)]*)\)[ \t]*(.*)$/s
const LIST = /^~LST[ \t]*\([ \t]*(\{[^}]*\}|[^ \t,}]+)[ \t]*,[ \t]*(.*)$/s
const VALUES = /^(\{[^}]*\}|[^,){}]*)[ \t]*([,)])[ \t]*/
/** As strtol(3) takes it. */
const NUMBER = /^[-+]?(?:0x[0-9a-f]+|\d+)$/i
/** More than anybody writes; 10^18 lines would exhaust the memory of keepalived, too. */
const MOST_ROUNDS = 10_000

/**
 * @param replaced replaces the parameters in the bounds of `~SEQ`
 * @returns undefined if keepalived would not understand the line, and skip it
 */
export function repetitionIn(line: string, replaced: (bounds: string) => string): Repetition | undefined {
  const [, hex, name, bounds, text] = SEQUENCE.exec(line) ?? []
  if (name !== undefined && bounds !== undefined && text !== undefined) {
    const numbers = numbersOf(replaced(bounds), hex === 'x')
    return numbers && { rounds: numbers.map((value) => new Map([[name, value]])), text }
  }
  return listIn(line)
}

/** The values from first to last. */
function numbersOf(bounds: string, isHex: boolean): string[] | undefined {
  const numbers = bounds.split(',').flatMap((each) => numberIn(each) ?? [])
  if (numbers.length < bounds.split(',').length) return undefined
  const [first, step, last] = rangeOf(numbers) ?? [0, 0, 0]
  const count = Math.floor((last - first) / step) + 1
  // Without a step, the count is no number.
  if (!(count >= 1 && count <= MOST_ROUNDS) || (isHex && Math.min(first, last) < 0)) return undefined
  return Array.from({ length: count }, (_, index) => (first + index * step).toString(isHex ? 16 : 10))
}

/** From `LAST`, `FIRST, LAST` or `FIRST, STEP, LAST`. */
function rangeOf([one = 0, two, three, ...rest]: readonly number[]): [number, number, number] | undefined {
  if (rest.length > 0) return undefined
  if (two === undefined) return [one < 0 ? -1 : 1, one < 1 ? -1 : 1, one]
  return three === undefined ? [one, one <= two ? 1 : -1, two] : [one, two, three]
}

/** A missing number is 0; one that starts with 0 is octal. */
function numberIn(text: string): number | undefined {
  const digits = text.trim()
  if (digits === '') return 0
  if (!NUMBER.test(digits)) return undefined
  const magnitude = digits.replace(/^[-+]/, '')
  const value = /^0\d/.test(magnitude) ? Number.parseInt(magnitude, 8) : Number(magnitude)
  return digits.startsWith('-') ? -value : value
}

/** `~LST({A, B}, {1, 2}, {3, 4}) TEXT` or `~LST(A, 1, 2) TEXT`. Values that are missing are blank. */
function listIn(line: string): Repetition | undefined {
  const [, given, values] = LIST.exec(line) ?? []
  if (given === undefined || values === undefined) return undefined
  const names = membersOf(given)
  const rounds: Map<string, string>[] = []
  let rest = values
  for (;;) {
    const [found, set, end] = VALUES.exec(rest) ?? []
    if (found === undefined || set === undefined) return undefined
    const members = membersOf(set.trim())
    if (members.length > names.length) return undefined
    rounds.push(new Map(names.map((name, index) => [name, members[index] ?? ''])))
    rest = rest.slice(found.length)
    if (end === ')') return { rounds, text: rest }
  }
}

function membersOf(set: string): string[] {
  return set
    .replace(/^\{|\}$/g, '')
    .split(',')
    .map((each) => each.trim())
}
