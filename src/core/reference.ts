/** A target as named by an operator. */
import { type EniId, type InstanceId, isEniId, isInstanceId } from './ids.ts'
import { parseAddress } from './vip.ts'

export type Reference =
  | { readonly kind: 'eni'; readonly eni: EniId }
  | { readonly kind: 'instance'; readonly instance: InstanceId }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'name'; readonly name: string }

/** `eni-…`, `i-…` and addresses are recognised by form; anything else is a Name tag. */
export function parseReference(text: string): Reference {
  if (isEniId(text)) return { kind: 'eni', eni: text }
  if (isInstanceId(text)) return { kind: 'instance', instance: text }
  // In EC2's spelling, since filters compare strings.
  const address = parseAddress(text)
  return address === undefined ? { kind: 'name', name: text } : { kind: 'address', address: address.text }
}
