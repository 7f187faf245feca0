/** The pages of docs/conditions, and how status leads to them. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createProgram } from '../../../src/cli/program.ts'
import { statusText } from '../../../src/commands/status/output.ts'
import { CONDITIONS } from '../../../src/core/decide.ts'
import { pageHere, pageOf, SEVERITIES } from '../../../src/overview/conditions.ts'
import { instance, overview } from '../../support/overview.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')

describe.each(CONDITIONS)('the page of %s', (condition) => {
  const text = textOf(`docs/conditions/${condition.toLowerCase()}.md`)

  test('begins with what it means for traffic, and has the headings of all', () => {
    expect(text).toMatch(new RegExp(`^# ${condition}\n\n\\*\\*[^*]*(traffic|clients)[^*]*\\*\\*`, 'i'))
    expect(text.match(/^## .*$/gm)).toEqual(['## What it is', '## What to look at', '## What happens by itself'])
    expect(text.split('\n').length).toBeLessThanOrEqual(50)
  })

  test('says what monitoring is told', () => {
    expect(text).toContain(`\`vip-switch check\` says ${SEVERITIES[condition].toUpperCase()}.`)
  })

  test('names commands that there are', () => {
    const known = createProgram(() => {}).commands.map((command) => command.name())
    const named = Array.from(text.matchAll(/`vip-switch ([a-z-]+)/g), ([, name]) => name)
    expect(named.length).toBeGreaterThan(1)
    expect(named.filter((name) => name !== undefined && !known.includes(name))).toEqual([])
  })

  test('is where status sends to, unless all is well', () => {
    const screen = statusText(overview({ instances: [instance({ condition })] }), 80)
    const [, page] = /^ *(\S*docs\/conditions\/\S+)$/m.exec(screen) ?? []
    expect(page).toBe(condition === 'OK' ? undefined : pageOf(condition))
    if (page !== undefined) expect(textOf(page)).toBe(text)
  })
})

test('docs/README.md lists every page, and no other', () => {
  const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  const listed = Array.from(textOf('docs/README.md').matchAll(/\]\(([\w/-]+\.md)\)/g), ([, page]) => page)
  expect(listed.sort()).toEqual(pages.filter((page) => page.endsWith('.md') && page !== 'README.md').sort())
})

describe('the page to open', () => {
  const PAGE = 'docs/conditions/drift.md'
  let prefix: string
  beforeEach(() => {
    prefix = mkdtempSync(join(tmpdir(), 'vip-switch-'))
    for (const each of ['bin', 'lib/vip-switch/bin', 'lib/vip-switch/docs/conditions']) {
      mkdirSync(join(prefix, each), { recursive: true })
    }
    writeFileSync(join(prefix, 'lib/vip-switch/bin/vip-switch'), '')
    symlinkSync('../lib/vip-switch/bin/vip-switch', join(prefix, 'bin/vip-switch'))
  })
  afterEach(() => rmSync(prefix, { recursive: true }))
  const here = (room: number) => pageHere(PAGE, room, join(prefix, 'bin/vip-switch'))

  test('is the one of the package that the program is in, where there is room for its path', () => {
    const path = join(prefix, 'lib/vip-switch', PAGE)
    writeFileSync(path, '')
    expect(here(path.length)).toBe(path)
    expect(here(path.length - 1)).toBe(PAGE)
  })

  test('is the one of the repository where the package came without', () => {
    expect(here(200)).toBe(PAGE)
    expect(pageHere(PAGE, 200, join(prefix, 'none'))).toBe(PAGE)
  })
})
