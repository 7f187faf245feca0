/** EC2 ids, branded so that kinds cannot be mixed up. */

declare const brand: unique symbol
type Branded<Name> = string & { readonly [brand]: Name }

export type RouteTableId = Branded<'RouteTableId'>
/** The id of an elastic network interface, `eni-…`: the only target we ever write. */
export type EniId = Branded<'EniId'>
export type InstanceId = Branded<'InstanceId'>
export type PrefixListId = Branded<'PrefixListId'>

// Checks only the prefix and the alphabet: EC2 determines the lengths.
export const isRouteTableId = (text: string): text is RouteTableId => /^rtb-[0-9a-f]+$/.test(text)
export const isEniId = (text: string): text is EniId => /^eni-[0-9a-f]+$/.test(text)
export const isInstanceId = (text: string): text is InstanceId => /^i-[0-9a-f]+$/.test(text)
export const isPrefixListId = (text: string): text is PrefixListId => /^pl-[0-9a-f]+$/.test(text)

/** An AWS region's name. It becomes part of host names. */
export const REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d+$/
