import { expect, test } from 'vitest'
import { routeKeys } from '../../../../src/agent/node/known-routes.ts'
import { destinationText, parseVip } from '../../../../src/core/vip.ts'
import { rtb } from '../../../support/fixtures.ts'

const order = (tables: string[], vips: string[]) =>
  routeKeys(tables.map(rtb), vips.map(parseVip)).map(({ table, vip }) => `${table} ${destinationText(vip)}`)

test('each VIP gets a table first, another one next, and no table is left to the end', () => {
  expect(order(['rtb-a', 'rtb-b'], ['10.99.0.1', '10.99.0.2', '10.99.0.3'])).toEqual([
    'rtb-a 10.99.0.1/32',
    'rtb-b 10.99.0.2/32',
    'rtb-a 10.99.0.3/32',
    'rtb-b 10.99.0.1/32',
    'rtb-a 10.99.0.2/32',
    'rtb-b 10.99.0.3/32',
  ])
})

test('each VIP is written in each table once', () => {
  const keys = order(['rtb-a', 'rtb-b', 'rtb-c'], ['10.99.0.1', '10.99.0.2'])
  expect(new Set(keys).size).toBe(6)
  expect(order([], ['10.99.0.1'])).toEqual([])
})
