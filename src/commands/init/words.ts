/** Parses the input of `vip-switch init`. All functions throw a Failure stating what is allowed. */

import { problemsOf } from '../../adapters/ec2/operations/tables.ts'
import type { VpcTable } from '../../adapters/ec2/operations/vpc.ts'
import type { Draft } from '../../config/draft.ts'
import type { TableSelector } from '../../config/schema.ts'
import { isRouteTableId } from '../../core/ids.ts'
import { rangeRefusal } from '../../core/route.ts'
import { type Address, type Destination, InvalidDestination, parseAddress, parseVip } from '../../core/vip.ts'
import { Failure } from '../../platform/errors.ts'
import { countText } from '../../terminal/table.ts'

const LARGEST_PRIORITY = 254

/** Returns a parser that accepts a single item only. */
export function only<Value>(parse: (text: string) => Value): (items: readonly string[]) => Value {
  return (items) => {
    const [text = '', ...rest] = items
    if (rest.length > 0) throw usage(`"${items.join(', ')}": only one value is allowed`)
    return parse(text)
  }
}

export function matching(form: RegExp, allowed: string): (text: string) => string {
  return (text) => {
    if (form.test(text)) return text
    throw usage(`"${text}" is not ${allowed}`)
  }
}

export function priorityOf(text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= LARGEST_PRIORITY) return number
  throw usage(`"${text}" is not a priority: a whole number from 1 to ${LARGEST_PRIORITY}`)
}

export function addressOf(text: string): Address {
  const address = parseAddress(text)
  if (address) return address
  throw usage(`"${text}" is not an IPv4 or IPv6 address`)
}

/** @param ranges CIDRs of the VPC, which must not contain a VIP */
export function vipOf(text: string, ranges: readonly Destination[]): Destination {
  let vip: Destination
  try {
    vip = parseVip(text)
  } catch (error) {
    if (error instanceof InvalidDestination) throw usage(error.message)
    throw error
  }
  const reason = rangeRefusal(vip, ranges)
  if (reason) throw new Failure('refused', reason)
  return vip
}

/**
 * Selects tables: by number in the list, id, Name, tag (`key=value`), or `all`.
 * @param tables the existing tables, if they could be read
 */
export function selectorsOf(items: readonly string[], tables: readonly VpcTable[] | undefined): Draft['routeTables'] {
  const all = items.length === 1 && items[0] === 'all'
  if (all && !tables) throw usage('the route tables could not be read: give their ids, Names or tags')
  const selectors = all && tables ? tables.map(byId) : items.map((item) => selectorOf(item, tables ?? []))
  const problems = tables ? problemsOf(tables, selectors, undefined) : []
  if (problems.length > 0) throw usage(problems.join('; '))
  return selectors.map((selector) => ({ selector, comment: commentOn(selector, tables) }))
}

function selectorOf(text: string, tables: readonly VpcTable[]): TableSelector {
  const numbered = /^\d{1,3}$/.test(text) ? tables[Number(text) - 1] : undefined
  if (numbered) return byId(numbered)
  if (isRouteTableId(text)) return { kind: 'id', id: text }
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? []
  if (key !== undefined && value !== undefined) return { kind: 'tags', tags: { [key]: value } }
  return { kind: 'name', name: text }
}

const byId = ({ id }: VpcTable): TableSelector => ({ kind: 'id', id })

/** A comment that describes the table, since an id means little to people. */
function commentOn(selector: TableSelector, tables: readonly VpcTable[] = []): string | undefined {
  const table = selector.kind === 'id' ? tables.find(({ id }) => id === selector.id) : undefined
  return table && [table.name, usersText(table)].filter(Boolean).join(': ')
}

/** Describes which subnets use the table. */
export function usersText({ isMain, subnets }: VpcTable): string {
  const count = countText(subnets.length, 'subnet')
  if (!isMain) return count
  return subnets.length > 0 ? `${count}, and all without their own table` : 'all subnets without their own table'
}

function usage(message: string): Failure {
  return new Failure('usage', message, { hint: 'see vip-switch init --help' })
}
