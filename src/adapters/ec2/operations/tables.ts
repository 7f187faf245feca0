/** Route tables: selecting them, and reading their routes. */
import {
  DescribeRouteTablesCommand,
  type Filter,
  type Route as SdkRoute,
  type RouteTable as SdkRouteTable,
} from '@aws-sdk/client-ec2'
import type { TableSelector } from '../../../config/schema.ts'
import { isEniId, isInstanceId, isRouteTableId } from '../../../core/ids.ts'
import type { Route, RouteTable } from '../../../core/route.ts'
import type { Target } from '../../../core/route-target.ts'
import { parseDestination } from '../../../core/vip.ts'
import { Failure } from '../../../platform/errors.ts'
import { type Ec2, sendPaged } from '../client.ts'

const PAGE_SIZE = 100
/** EC2 takes up to 200 values in one filter. */
const VALUES_PER_FILTER = 200

const NO_TABLE_HINT =
  'check the selectors, the region and the account (tags are not shared with participants of a shared VPC); ' +
  'vip-switch list shows the existing tables'

/** Reads all route tables of the region, or those that match any selector, ordered by id. */
export async function readTables(
  ec2: Ec2,
  selectors: readonly TableSelector[] | 'all',
  signal: AbortSignal,
): Promise<RouteTable[]> {
  const queries = selectors === 'all' ? [[]] : queriesOf(selectors)
  const pages = await Promise.all(queries.map((filters) => describeTables(ec2, filters, signal)))
  const byId = new Map(pages.flat().map((table) => [table.id, table]))
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

export type TableSelection = {
  readonly tables: readonly RouteTable[]
  /** Why a selector matches no table or is ambiguous; the other selectors' tables are still in `tables`. */
  readonly problems: readonly string[]
}

/**
 * Selects the tables that match the selectors.
 * @param vpc the VPC that names and tags are meant in; undefined if unknown
 * @throws Failure of kind `config` if none match: never "success, nothing to do"
 */
export function selectTables(
  tables: readonly RouteTable[],
  selectors: readonly TableSelector[],
  vpc: string | undefined,
): TableSelection {
  const problems = problemsOf(tables, selectors, vpc)
  const valid = selectors.filter((selector) => problemOf(selector, tables, vpc) === undefined)
  if (valid.length === 0) throw new Failure('config', problems.join('; '), { hint: NO_TABLE_HINT })
  return { tables: tables.filter((table) => valid.some((selector) => matches(selector, table, vpc))), problems }
}

/** The VPCs of the tables that names and tags match. With more than one, the VPC must be known to select any. */
export function vpcsMatched(tables: readonly RouteTable[], selectors: readonly TableSelector[]): readonly string[] {
  const ambiguous = selectors.filter(({ kind }) => kind !== 'id')
  return vpcsOf(tables.filter((table) => ambiguous.some((selector) => matches(selector, table, undefined))))
}

const vpcsOf = (tables: readonly RouteTable[]) => [...new Set(tables.map(({ vpc }) => vpc))].sort()

function describeTables(ec2: Ec2, filters: readonly Filter[], signal: AbortSignal): Promise<RouteTable[]> {
  return sendPaged(
    `reading route tables in ${ec2.region} (DescribeRouteTables)`,
    (token, options) =>
      ec2.routes.send(
        new DescribeRouteTablesCommand({
          MaxResults: PAGE_SIZE,
          NextToken: token,
          ...(filters.length > 0 && { Filters: [...filters] }),
        }),
        options,
      ),
    (page) => page.RouteTables?.flatMap(tableOf),
    signal,
  )
}

/** One query for all ids, one for all names and one per set of tags, since filters of one query are ANDed. */
function queriesOf(selectors: readonly TableSelector[]): Filter[][] {
  const ids = selectors.flatMap((selector) => (selector.kind === 'id' ? [selector.id] : []))
  const names = selectors.flatMap((selector) => (selector.kind === 'name' ? [literal(selector.name)] : []))
  const tagSets = selectors.flatMap((selector) => (selector.kind === 'tags' ? [selector.tags] : []))
  return [
    ...chunks(ids).map((Values) => [{ Name: 'route-table-id', Values }]),
    ...chunks(names).map((Values) => [{ Name: 'tag:Name', Values }]),
    ...tagSets.map((tags) =>
      Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [literal(value)] })),
    ),
  ]
}

/** Splits into chunks that fit one filter. */
export function chunks<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / VALUES_PER_FILTER) }, (_, index) =>
    items.slice(index * VALUES_PER_FILTER, (index + 1) * VALUES_PER_FILTER),
  )
}

/** Escapes a filter value: EC2 treats `*` and `?` as wildcards. */
export function literal(value: string): string {
  return value.replace(/[\\*?]/g, '\\$&')
}

/** Why selectors match no table or are ambiguous. */
export function problemsOf(
  tables: readonly RouteTable[],
  selectors: readonly TableSelector[],
  vpc: string | undefined,
): string[] {
  return selectors.flatMap((selector) => problemOf(selector, tables, vpc) ?? [])
}

function problemOf(
  selector: TableSelector,
  tables: readonly RouteTable[],
  vpc: string | undefined,
): string | undefined {
  const matched = tables.filter((table) => matches(selector, table, vpc))
  if (matched.length === 0) return unmatchedText(selector, tables, vpc)
  const vpcs = vpcsOf(matched)
  if (selector.kind === 'tags' && vpcs.length > 1)
    return `${selectorText(selector)} match route tables in ${vpcs.join(' and ')}: set vpc in the config to one of them`
  if (selector.kind !== 'name' || matched.length === 1) return undefined
  const ids = matched.map((table) => `${table.id} (${table.vpc})`).join(', ')
  return `several route tables are named ${selector.name}: ${ids}; select one by id, or all of them by a tag`
}

function unmatchedText(selector: TableSelector, tables: readonly RouteTable[], vpc: string | undefined): string {
  const elsewhere = vpcsOf(tables.filter((table) => matches(selector, table, undefined)))
  const text = selectorText(selector)
  if (vpc === undefined || elsewhere.length === 0) return `no route table matches ${text}`
  return `no route table in ${vpc} matches ${text}, only some in ${elsewhere.join(' and ')}`
}

/**
 * Whether the selector matches this table.
 * @param vpc the VPC that names and tags are meant in; undefined for any
 */
export function matches(selector: TableSelector, table: RouteTable, vpc: string | undefined): boolean {
  if (selector.kind !== 'id' && vpc !== undefined && table.vpc !== vpc) return false
  switch (selector.kind) {
    case 'id':
      return table.id === selector.id
    case 'name':
      return table.name === selector.name
    case 'tags':
      return Object.entries(selector.tags).every(([key, value]) => table.tags[key] === value)
  }
}

function selectorText(selector: TableSelector): string {
  switch (selector.kind) {
    case 'id':
      return selector.id
    case 'name':
      return `the name ${selector.name}`
    case 'tags':
      return `the tags ${Object.entries(selector.tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ')}`
  }
}

/** Empty if the id is invalid. */
export function tableOf(table: SdkRouteTable): RouteTable[] {
  const id = table.RouteTableId ?? ''
  if (!isRouteTableId(id)) return []
  const tags = Object.fromEntries((table.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))
  return [{ id, name: tags.Name, vpc: table.VpcId ?? '', tags, routes: (table.Routes ?? []).flatMap(routeOf) }]
}

function routeOf(route: SdkRoute): Route[] {
  const text = route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId
  if (!text) return []
  return [
    {
      destination: parseDestination(text),
      target: targetOf(route),
      state: route.State ?? 'active',
      origin: route.Origin ?? '',
    },
  ]
}

/** EC2 may also report the ENI's instance; a participant of a shared VPC does not see it (resource-agents#1549). */
function targetOf(route: SdkRoute): Target {
  const instance = route.InstanceId && isInstanceId(route.InstanceId) ? route.InstanceId : undefined
  const eni = route.NetworkInterfaceId ?? ''
  if (isEniId(eni)) return { kind: 'eni', eni, instance }
  if (instance) return { kind: 'instance', instance }
  // Whatever field names it: EC2 adds kinds of targets.
  const [other] = Object.entries(route).flatMap(([field, value]) => (NOT_TARGETS.has(field) ? [] : (value ?? [])))
  if (other === 'local') return { kind: 'local' }
  return other ? { kind: 'other', id: other } : { kind: 'none' }
}

/** Fields of a route that do not name a target of somebody else. */
const NOT_TARGETS: ReadonlySet<string> = new Set<keyof SdkRoute>([
  'DestinationCidrBlock',
  'DestinationIpv6CidrBlock',
  'DestinationPrefixListId',
  'InstanceId',
  'InstanceOwnerId',
  'NetworkInterfaceId',
  'Origin',
  'State',
])
