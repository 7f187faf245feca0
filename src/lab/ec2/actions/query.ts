import { ApiError, invalidValue } from '../errors.ts'
import { type Region, tagsOf } from '../model.ts'
import { list, type Params, structures, text } from '../protocol.ts'
import { checkExists, checkForm, type ResourceKind } from '../resources.ts'

type FilterValue = string | number | boolean | undefined

/** The values that each filter matches against. */
export type Filters<T> = Record<string, (resource: T) => FilterValue | readonly FilterValue[]>

/** How a Describe call selects its results. */
export type Listing<T> = {
  /** The parameter with ids, and their kind. */
  ids?: { parameter: string; kind: ResourceKind; withMaxResults: boolean }
  idOf: (resource: T) => string
  /** By name; `tag:KEY` and `tag-key` come with `tagged`. */
  filters: Filters<T>
  tagged: boolean
  /** Maximum for MaxResults. */
  pageLimit: number
}

/**
 * Selects the resources of a Describe call by ids, filters and page.
 * @throws ApiError for malformed or unknown ids, unknown filters, and invalid paging
 */
export function select<T>(
  region: Region,
  params: Params,
  listing: Listing<T>,
  resources: Iterable<T>,
): { selected: T[]; nextToken: string | undefined } {
  const ids = listing.ids && requestedIds(region, params, listing.ids)
  const matches = requestedFilters(region, params, listing)
  const found = [...resources].filter(
    (resource) =>
      (ids === undefined || ids.includes(listing.idOf(resource))) && matches.every((match) => match(resource)),
  )
  return page(params, listing.pageLimit, found)
}

function requestedIds(
  region: Region,
  params: Params,
  { parameter, kind, withMaxResults }: NonNullable<Listing<unknown>['ids']>,
): string[] | undefined {
  const ids = list(params, parameter)
  if (ids.length === 0) return undefined
  if (!withMaxResults && text(params, 'MaxResults') !== undefined) {
    const name = parameter === 'InstanceId' ? 'instancesSet' : `${parameter}s`
    throw new ApiError(
      'InvalidParameterCombination',
      `The parameter ${name} cannot be used with the parameter MaxResults`,
    )
  }
  for (const id of ids) checkForm(kind, id)
  checkExists(region, kind, ids)
  return ids
}

function requestedFilters<T>(region: Region, params: Params, listing: Listing<T>): ((resource: T) => boolean)[] {
  return structures(params, 'Filter').map((filter) => {
    const look = filterNamed(region, filter.Name, listing)
    const patterns = list(filter, 'Value').map(wildcard)
    return (resource) => {
      const values = [look(resource)].flat()
      return values.some((value) => value !== undefined && patterns.some((pattern) => pattern.test(String(value))))
    }
  })
}

function filterNamed<T>(region: Region, name: string | undefined, listing: Listing<T>): Filters<T>[string] {
  const tags = (resource: T) => tagsOf(region, listing.idOf(resource))
  if (listing.tagged && name === 'tag-key') return (resource) => [...tags(resource).keys()]
  if (listing.tagged && name?.startsWith('tag:')) return (resource) => tags(resource).get(name.slice('tag:'.length))
  const look = name === undefined || !Object.hasOwn(listing.filters, name) ? undefined : listing.filters[name]
  if (look === undefined) throw new ApiError('InvalidParameterValue', `The filter '${name ?? 'null'}' is invalid`)
  return look
}

/** A filter value: `*` and `?` are wildcards unless escaped with a backslash; case-sensitive. */
function wildcard(value: string): RegExp {
  const source = value.replace(/\\[*?\\]|[*?]|[.+^${}()|[\]\\/-]/g, (found) => {
    if (found === '*') return '.*'
    if (found === '?') return '.'
    return found.length === 2 ? found : `\\${found}`
  })
  return new RegExp(`^${source}$`, 's')
}

const SMALLEST_PAGE = 5

/** One page of the results, or all the rest without MaxResults. A token is an offset into the results. */
function page<T>(params: Params, limit: number, found: T[]): { selected: T[]; nextToken: string | undefined } {
  const size = pageSize(params, limit) ?? found.length
  const start = pageStart(params)
  const end = start + size
  return { selected: found.slice(start, end), nextToken: end < found.length ? tokenFor(params, end) : undefined }
}

function pageSize(params: Params, limit: number): number | undefined {
  const asked = text(params, 'MaxResults')
  if (asked === undefined) return undefined
  const size = Number(asked)
  if (!Number.isInteger(size) || size < SMALLEST_PAGE || size > limit) {
    throw invalidValue('MaxResults', asked, `Expecting a value between ${SMALLEST_PAGE} and ${limit}.`)
  }
  return size
}

function pageStart(params: Params): number {
  const token = text(params, 'NextToken')
  if (token === undefined) return 0
  const start = Number(Buffer.from(token, 'base64url').toString().split(' ')[1])
  // DescribeVpcs's message (boto/boto3#2673).
  if (token !== tokenFor(params, start)) throw invalidValue('NextToken', token, 'The token is invalid.')
  return start
}

function tokenFor(params: Params, start: number): string {
  return Buffer.from(`${params.Action} ${start}`).toString('base64url')
}
