/** `witness` in the config. */
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/load.ts'
import { config, problems } from '../../support/parsed-config.ts'

test('a ttl that is shorter than reads may be stale is refused', () => {
  const text = (ttl: string) =>
    `{ cluster: db, interval: 2s, witness: { ttl: ${ttl} }, instances: { VI_1: { vips: [10.99.0.10], routeTables: [rtb-0a] } } }`
  expect(config(text('10s')).witness.ttl).toBe(10_000)
  expect(problems(text('9s'))[0]).toMatchObject({
    path: 'witness.ttl',
    allowed: expect.stringContaining('at least 10s'),
  })
})

describe('witness', () => {
  const text = (witness: string) =>
    `{ cluster: db, witness: ${witness}, instances: { VI_1: { vips: [10.99.0.10], routeTables: [rtb-0a] } } }`

  test('is tags by default, or a table of DynamoDB, whose claims count for three seconds', () => {
    expect(config(text('{}')).witness).toEqual({ type: 'ec2-tags', ttl: undefined })
    expect(config(text('{ type: dynamodb, table: vips }')).witness).toEqual({
      type: 'dynamodb',
      table: 'vips',
      ttl: 3000,
    })
    expect(config(text('{ type: dynamodb, table: vips, ttl: 5s }')).witness.ttl).toBe(5000)
  })

  test.each([
    ['{ type: dynamodb }', 'witness.table', 'the name of a DynamoDB table'],
    ['{ type: dynamodb, table: a/b }', 'witness.table', 'the name of a DynamoDB table'],
    ['{ table: vips }', 'witness.table', 'type: dynamodb'],
    ['{ type: dynamodb, table: vips, ttl: 2s }', 'witness.ttl', 'at least 3s'],
    ['{ type: dynamo, table: vips }', 'witness.type', 'ec2-tags or dynamodb'],
  ])('%s is refused', (witness, path, allowed) => {
    expect(problems(text(witness))).toEqual([
      expect.objectContaining({ path, allowed: expect.stringContaining(allowed) }),
    ])
  })
})

test('more VRRP instances than an interface has room for as tags are refused, and are none too many for a table', () => {
  const text = (count: number, witness: string) => {
    const instances = Array.from(
      { length: count },
      (_, index) => `VI_${index}: { vips: [10.99.0.${index}], routeTables: [rtb-0a] }`,
    )
    return `{ cluster: db, witness: ${witness}, instances: { ${instances.join(', ')} } }`
  }
  expect(Object.keys(config(text(40, '{}')).instances)).toHaveLength(40)
  expect(parseConfig(text(41, '{}'))).toMatchObject([
    { path: 'witness.type', allowed: expect.stringContaining('more than 40 VRRP instances') },
  ])
  expect(Object.keys(config(text(200, '{ type: dynamodb, table: vips }')).instances)).toHaveLength(200)
})
