/** Interprets strings in IAM policies. */

/** A policy variable; `${$}`, `${*}` and `${?}` stand for the character itself. */
const VARIABLE = /\$\{([^}]*)\}/g

/** The first unsupported variable in a text. */
export function unknownVariable(text: string): string | undefined {
  return [...text.matchAll(VARIABLE)].find(([, name = '']) => !['$', '*', '?'].includes(name))?.[0]
}

/** Expands a literal text, in which `*` and `?` are not wildcards. */
export function literalText(text: string): string {
  return text.replace(VARIABLE, (_, character: string) => character)
}

/** Compiles a pattern, in which `*` is any run of characters and `?` any single one. */
export function wildcard(text: string, flags = ''): RegExp {
  const source = text.replace(/\$\{.\}|[\\^$.*+?()[\]{}|/-]/g, (found) => {
    if (found === '*') return '.*'
    if (found === '?') return '.'
    return `\\${found.length > 1 ? found.charAt(2) : found}`
  })
  return new RegExp(`^${source}$`, `s${flags}`)
}

const ARN_SEGMENTS = 6

/** The segments of an ARN, the last one with any further colons; undefined if it is not an ARN. */
export function arnSegments(text: string): string[] | undefined {
  const [scheme, ...rest] = text.split(':')
  if (scheme !== 'arn' || rest.length < ARN_SEGMENTS - 1) return undefined
  return [scheme, ...rest.slice(0, ARN_SEGMENTS - 2), rest.slice(ARN_SEGMENTS - 2).join(':')]
}

/**
 * Whether a statement's Resource matches; a call on no particular resource has `*`, which only `*` matches. Wildcards
 * do not span segments. Source: "IAM JSON policy elements: Resource" in IAM's user guide.
 */
export function matchesResource(pattern: string, resource: string): boolean {
  if (pattern === '*') return true
  const [wanted, found] = [arnSegments(pattern), arnSegments(resource)]
  if (wanted === undefined || found === undefined) return false
  return wanted.every((segment, index) => wildcard(segment).test(found[index] ?? ''))
}
