/** Texts of a policy, as IAM reads them. */

/** A policy variable; those of one character stand for it: `${$}`, `${*}`, `${?}`. */
const VARIABLE = /\$\{([^}]*)\}/g

/** The first variable of a text that is not known here. */
export function unknownVariable(text: string): string | undefined {
  return [...text.matchAll(VARIABLE)].find(([, name = '']) => !['$', '*', '?'].includes(name))?.[0]
}

/** What a text says that is taken as it is, `*` and `?` included. */
export function literalText(text: string): string {
  return text.replace(VARIABLE, (_, character: string) => character)
}

/** A text in which `*` is any run of characters and `?` any one. */
export function wildcard(text: string, flags = ''): RegExp {
  const source = text.replace(/\$\{.\}|[\\^$.*+?()[\]{}|/-]/g, (found) => {
    if (found === '*') return '.*'
    if (found === '?') return '.'
    return `\\${found.length > 1 ? found.charAt(2) : found}`
  })
  return new RegExp(`^${source}$`, `s${flags}`)
}

const ARN_SEGMENTS = 6

/** The segments of an ARN, the last with whatever colons it has; undefined: it is none. */
export function arnSegments(text: string): string[] | undefined {
  const [scheme, ...rest] = text.split(':')
  if (scheme !== 'arn' || rest.length < ARN_SEGMENTS - 1) return undefined
  return [scheme, ...rest.slice(0, ARN_SEGMENTS - 2), rest.slice(ARN_SEGMENTS - 2).join(':')]
}

/**
 * Whether a statement's Resource means this one; `*` as the resource is a call on none in particular, which nothing but
 * `*` means. A wildcard does not span segments.
 * Source: "IAM JSON policy elements: Resource" in IAM's user guide.
 */
export function meansResource(pattern: string, resource: string): boolean {
  if (pattern === '*') return true
  const [wanted, found] = [arnSegments(pattern), arnSegments(resource)]
  if (wanted === undefined || found === undefined) return false
  return wanted.every((segment, index) => wildcard(segment).test(found[index] ?? ''))
}
