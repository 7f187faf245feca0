import { describe, expect, test } from 'vitest'
import { parseDataDump } from '../../../../src/adapters/keepalived/data-dump.ts'
import { parseJsonDump } from '../../../../src/adapters/keepalived/json-dump.ts'
import { dataOf, jsonOf, master } from '../../../support/keepalived-dumps.ts'

describe('a dump', () => {
  const told = [master, { ...master, name: 'VI "2" }]', state: 'FAULT' } as const]

  test('is nothing until it is whole', () => {
    const json = JSON.stringify(jsonOf(told))
    const data = dataOf(told)
    const whole = { json: parseJsonDump(json), data: parseDataDump(data) }
    expect(whole.json).toMatchObject([{ name: 'VI_1' }, { name: 'VI "2" }]', state: 'FAULT' }])
    expect(whole.data).toMatchObject([{ name: 'VI_1' }, { name: 'VI "2" }]', state: 'FAULT' }])
    for (let end = 0; end < json.length; end++) expect(parseJsonDump(json.slice(0, end))).toBeUndefined()
    for (let end = 0; end < data.length; end++) {
      expect([undefined, JSON.stringify(whole.data)]).toContain(JSON.stringify(parseDataDump(data.slice(0, end))))
    }
  })

  test('is read in the form of json_version 2, too', () => {
    expect(parseJsonDump(JSON.stringify({ vrrp: jsonOf(told), track_process: [] }))).toEqual(
      parseJsonDump(JSON.stringify(jsonOf(told))),
    )
  })

  test.each([
    ['{"error":"busy"}', 'Invalid input: expected array, received undefined'],
    ['[{"data":{"iname":"VI_1"}}]', '0.data.state: Invalid option: expected one of 0|1|2|3|97|98; '],
  ])('of another form is refused in words: %s', (json, words) => {
    expect(() => parseJsonDump(json)).toThrow(`unrecognised keepalived JSON dump: ${words}`)
  })

  test('of another form is refused in one line, which names the instance', () => {
    const data = dataOf([master]).replace('State = MASTER', 'State = 7')
    expect(() => parseDataDump(data)).toThrow(
      /^unrecognised keepalived data dump: VI_1: State: Invalid option: .*"DELETED"$/,
    )
  })
})
