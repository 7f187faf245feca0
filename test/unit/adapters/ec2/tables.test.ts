/** Which tables the selectors of a config mean. */
import { describe, expect, test } from 'vitest'
import { matches, selectTables, vpcsMatched } from '../../../../src/adapters/ec2/operations/tables.ts'
import type { TableSelector } from '../../../../src/config/schema.ts'
import { isRouteTableId, type RouteTableId } from '../../../../src/core/ids.ts'
import type { RouteTable } from '../../../../src/core/route.ts'

function idOf(text: string): RouteTableId {
  if (!isRouteTableId(text)) throw new Error(text)
  return text
}

const table = (id: string, vpc: string, name: string, tags: Record<string, string> = {}): RouteTable => ({
  id: idOf(id),
  name,
  vpc,
  tags,
  routes: [],
})

const [A, B, C] = [
  table('rtb-0a', 'vpc-0a', 'private', { tier: 'db' }),
  table('rtb-0b', 'vpc-0b', 'private', { tier: 'db' }),
  table('rtb-0c', 'vpc-0b', 'public', { tier: 'db' }),
]
const ALL = [A, B, C]
const TAGS: TableSelector = { kind: 'tags', tags: { tier: 'db' } }
const NAME: TableSelector = { kind: 'name', name: 'private' }
const ID: TableSelector = { kind: 'id', id: B.id }

const idsIn = (selectors: TableSelector[], vpc: string | undefined) =>
  selectTables(ALL, selectors, vpc).tables.map(({ id }) => id)

describe('in a known VPC', () => {
  test('tags and names mean its tables alone', () => {
    expect(idsIn([TAGS], 'vpc-0a')).toEqual(['rtb-0a'])
    expect(idsIn([TAGS], 'vpc-0b')).toEqual(['rtb-0b', 'rtb-0c'])
    expect(idsIn([NAME], 'vpc-0a')).toEqual(['rtb-0a'])
    expect(matches(NAME, B, 'vpc-0a')).toBe(false)
  })

  test('an id means its table wherever it is: it is refused later, by name', () => {
    expect(idsIn([ID, TAGS], 'vpc-0a')).toEqual(['rtb-0a', 'rtb-0b'])
  })

  test('a selector that matches only elsewhere says where', () => {
    expect(() => idsIn([TAGS], 'vpc-0c')).toThrow(
      'no route table in vpc-0c matches the tags tier=db, only some in vpc-0a and vpc-0b',
    )
    expect(() => idsIn([{ kind: 'name', name: 'none' }], 'vpc-0c')).toThrow('no route table matches the name none')
  })
})

describe('in no known VPC', () => {
  test('tags that match in several VPCs select nothing', () => {
    expect(selectTables(ALL, [TAGS, ID], undefined)).toEqual({
      tables: [B],
      problems: ['the tags tier=db match route tables in vpc-0a and vpc-0b: set vpc in the config to one of them'],
    })
  })

  test('tags that match in one VPC select its tables', () => {
    expect(selectTables([B, C], [TAGS], undefined)).toEqual({ tables: [B, C], problems: [] })
  })

  test('a name that is ambiguous lists the tables', () => {
    expect(() => idsIn([NAME], undefined)).toThrow('several route tables are named private: rtb-0a (vpc-0a), rtb-0b')
  })
})

test('the VPCs that names and tags match, ids aside', () => {
  expect(vpcsMatched(ALL, [ID])).toEqual([])
  expect(vpcsMatched(ALL, [TAGS, ID])).toEqual(['vpc-0a', 'vpc-0b'])
  expect(vpcsMatched(ALL, [{ kind: 'name', name: 'public' }])).toEqual(['vpc-0b'])
})
