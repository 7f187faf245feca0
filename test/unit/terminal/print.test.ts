/** The one way to stdout and stderr. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { asJson, forPeople, print } from '../../../src/terminal/print.ts'

const NAME = 'db\x1b[2J\n1'

describe('a renderer for people', () => {
  const bold = (text: string) => `\x1b[1m${text}\x1b[22m`

  test('finds strings visible, however deep they are, and adds escape sequences of its own', () => {
    const render = forPeople((names: ReadonlyMap<string, { name: string }[]>, also: ReadonlySet<string>) => {
      const [[key, [first]] = [undefined, []]] = names
      return `${bold(first?.name ?? '')}\n${key} ${[...also]}`
    })
    expect(render(new Map([[NAME, [{ name: NAME }]]]), new Set([NAME]))).toBe(
      '\x1b[1mdb\\x1b[2J\\n1\x1b[22m\ndb\\x1b[2J\\n1 db\\x1b[2J\\n1',
    )
  })

  test('still finds what is one object to be one', () => {
    const vip = { cidr: '10.99.0.10/32' }
    const isOne = forPeople((routes: readonly { vip: object }[]) => String(routes[0]?.vip === routes[1]?.vip))
    expect(isOne([{ vip }, { vip }])).toBe('true')
    expect(isOne([{ vip }, { vip: { ...vip } }])).toBe('false')
  })

  test('gets numbers, functions and nothing as they are', () => {
    const render = forPeople((count: number, none: undefined, style: { bold: typeof bold }) =>
      style.bold(`${count} ${none}`),
    )
    expect(render(1, undefined, { bold })).toBe('\x1b[1m1 undefined\x1b[22m')
  })
})

test('JSON is exact, and printed with a line break', () => {
  let printed = ''
  print(asJson({ name: `${NAME}\x9b` }), { write: (text: string) => (printed += text) })
  expect(JSON.parse(printed)).toEqual({ name: `${NAME}\x9b` })
  expect(printed).toMatch(/^\{\n {2}"name": "db\\u001b\[2J\\n1\\u009b"\n\}\n$/)
})

test('nothing else writes to stdout or stderr, or makes printable text', () => {
  const root = fileURLToPath(new URL('../../../src', import.meta.url))
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const sources = files.map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }))
  const withMatch = (form: RegExp) => sources.filter(({ text }) => form.test(text)).map(({ name }) => name)
  // The lab tells of what it has made itself.
  expect(withMatch(/\b(stdout|stderr)\.write\b/).filter((name) => !name.startsWith('lab/'))).toEqual([
    'terminal/print.ts',
  ])
  expect(withMatch(/\bas Printable\b/)).toEqual(['terminal/print.ts'])
  // What is a program's to read, and holds no stranger's words: a schema, names of instances, scripts, figures.
  expect(withMatch(/\basIs\(/).sort()).toEqual([
    'cli/self.ts',
    'commands/config/config.ts',
    'commands/config/output.ts',
    'commands/metrics/mackerel.ts',
    'commands/metrics/prometheus.ts',
    'terminal/print.ts',
  ])
})
