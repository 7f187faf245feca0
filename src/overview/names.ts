/** Display names of interfaces. */
import { parseReference } from '../core/reference.ts'
import type { TargetFacts } from '../core/route.ts'

/**
 * The name of its instance, or the ENI itself if that name is missing, ambiguous, or could be read as an id or an
 * address.
 */
export function namesIn({ facts }: { readonly facts: ReadonlyMap<string, TargetFacts> }): (eni: string) => string {
  const names = [...facts].flatMap(([id, { name }]) => (id.startsWith('eni-') && name ? [name] : []))
  return (eni) => {
    const name = facts.get(eni)?.name
    return name && isName(name) && names.filter((each) => each === name).length === 1 ? name : eni
  }
}

function isName(text: string): boolean {
  return text.trim() !== '' && parseReference(text).kind === 'name'
}

/** Replaces ENIs in a sentence with names. */
export function named(text: string, nameOf: (eni: string) => string): string {
  return text.replace(/eni-[0-9a-f]+/g, nameOf)
}
