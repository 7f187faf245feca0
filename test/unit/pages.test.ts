/** What is written for people: links that lead somewhere, lines that fit. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const below = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path))
const atRoot = readdirSync(ROOT)
const PAGES = [...atRoot, ...below('docs'), ...below('examples')].filter((path) => path.endsWith('.md')).sort()

const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8')

/** Without code, in which there are neither links nor headings. Keeps the number of lines. */
function withoutCode(text: string): string {
  const isFence = /^ *```/
  let isInside = false
  const lines = text.split('\n').map((line) => {
    if (isFence.test(line)) isInside = !isInside
    return isInside || isFence.test(line) || /^ {4}/.test(line) ? '' : line
  })
  return lines.join('\n')
}

/** As GitHub makes an anchor of a heading: https://github.com/Flet/github-slugger. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutCode(text).matchAll(/^#{1,6} (.*)$/gm)) {
    const shown = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const slug = shown
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  return anchors
}

/** Where a page's relative links lead, code in backticks aside. */
function linksOf(page: string): string[] {
  const text = withoutCode(textOf(page)).replaceAll(/`[^`]*`/g, '')
  const targets = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target)
  return targets.filter((target) => !/^[a-z]+:/.test(target))
}

/** Why a link leads nowhere, if so. */
function flawOf(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#', 2)
  const target = path === '' ? join(ROOT, page) : resolve(join(ROOT, dirname(page)), path)
  if (relative(ROOT, target).startsWith('..')) return 'leaves the repository'
  if (!existsSync(target)) return 'no such file'
  if (anchor === undefined) return undefined
  if (statSync(target).isDirectory()) return 'an anchor in a folder'
  return anchorsOf(readFileSync(target, 'utf8')).has(anchor) ? undefined : 'no such heading'
}

test('the pages are found', () => {
  expect(PAGES).toEqual(expect.arrayContaining(['README.md', 'SECURITY.md', 'docs/conditions/ok.md']))
})

describe.each(PAGES)('%s', (page) => {
  test('links to what is there', () => {
    const flaws = linksOf(page).flatMap((link) => {
      const flaw = flawOf(page, link)
      return flaw === undefined ? [] : [`${link}: ${flaw}`]
    })
    expect(flaws).toEqual([])
  })

  test('has no line of prose longer than 120 characters', () => {
    const lines = withoutCode(textOf(page)).split('\n')
    // A table has one line a row, and a URL cannot be broken.
    const prose = lines.filter((line) => !line.startsWith('|') && !/^\S*https?:\/\/\S+$/.test(line.trim()))
    expect(prose.filter((line) => line.length > 120)).toEqual([])
  })
})

test('the links of the README lead to files and to headings', () => {
  const links = linksOf('README.md')
  expect(links).toContain('docs/operations.md')
  expect(links.some((link) => link.includes('#'))).toBe(true)
  expect(flawOf('README.md', 'docs/none.md')).toBe('no such file')
  expect(flawOf('README.md', 'docs/README.md#none')).toBe('no such heading')
  expect(flawOf('docs/README.md', '../../x.md')).toBe('leaves the repository')
})

describe('the README', () => {
  const lines = textOf('README.md').split('\n')

  test('fits a terminal of 80 columns, tables aside', () => {
    expect(lines.filter((line) => !line.startsWith('|') && line.length > 80)).toEqual([])
  })

  test('is short', () => {
    expect(lines.length).toBeLessThan(200)
  })

  test('has no table cell longer than a sentence', () => {
    const cells = lines.filter((line) => line.startsWith('|')).flatMap((line) => line.split('|'))
    expect(cells.filter((cell) => cell.replaceAll(/\]\([^)]*\)/g, '').length > 120)).toEqual([])
  })
})
