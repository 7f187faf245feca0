/** The rooms of src/, and what each may import: the table in docs/architecture.md holds. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SRC = join(ROOT, 'src')

type Room = { readonly name: string; readonly mayImport: readonly string[]; readonly packages: readonly string[] }

/** The rows whose first cell is in backticks. */
function roomsIn(page: string): Room[] {
  const words = (cell: string | undefined) => Array.from(cell?.matchAll(/`([^`]+)`/g) ?? [], ([, word = '']) => word)
  return page.split('\n').flatMap((line) => {
    const [, name, , mayImport, packages] = line.split('|')
    const [room] = words(name)
    return room && packages !== undefined
      ? [{ name: room, mayImport: words(mayImport), packages: words(packages) }]
      : []
  })
}

const rooms = roomsIn(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'))
const names = rooms.map(({ name }) => name)

/** The innermost room of a file; `commands/*` in a row means all of them. */
function roomOf(file: string): Room {
  const found = rooms.filter(({ name }) => file === name || file.startsWith(`${name}/`))
  const [room] = found.sort((a, b) => b.name.length - a.name.length)
  if (!room) throw new Error(`${file} is in no room of the table`)
  return room
}

function permits({ name, mayImport }: Room, to: string): boolean {
  if (to === name || (to === 'platform' && !name.startsWith('core'))) return true
  return mayImport.some((each) => each === to || (each.endsWith('/*') && dirname(to) === dirname(each)))
}

/** What a text imports, in every form: files by their path in src, packages by their name. */
function importsOf(file: string, text: string): { files: string[]; packages: string[] } {
  const all = Array.from(text.matchAll(/(?:\bfrom|\bimport\(|\bimport)\s*'([^']+)'/g), ([, from = '']) => from)
  const files = all.filter((from) => from.startsWith('.')).map((from) => resolve(SRC, dirname(file), from))
  const packages = all.filter((from) => /^[@a-z]/.test(from) && !from.startsWith('node:'))
  return {
    files: files.filter((path) => path.startsWith(`${SRC}/`)).map((path) => relative(SRC, path)),
    packages: packages.map((from) =>
      from
        .split('/')
        .slice(0, from.startsWith('@') ? 2 : 1)
        .join('/'),
    ),
  }
}

/** Imports that the table does not permit. */
function breaches(file: string, text: string): string[] {
  const room = roomOf(file)
  const { files, packages } = importsOf(file, text)
  const strays = files.filter((path) => !permits(room, roomOf(path).name))
  return [...strays, ...packages.filter((name) => !room.packages.includes(name))].map((what) => `${file} → ${what}`)
}

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join(SRC, file), 'utf8') }))

test('every file imports only what its room may', () => {
  expect(sources.flatMap(({ file, text }) => breaches(file, text))).toEqual([])
})

test('a row names only rows below it, so rooms have no cycle', () => {
  for (const { name, mayImport } of rooms) {
    const below = names.slice(names.indexOf(name) + 1)
    const strays = mayImport.filter((each) =>
      each.endsWith('/*') ? !below.some((room) => dirname(room) === dirname(each)) : !below.includes(each),
    )
    expect({ name, strays }).toEqual({ name, strays: [] })
  }
})

test('every row is of a room that is there, and needs what it may', () => {
  const used = new Map(names.map((name) => [name, new Set<string>()]))
  for (const { file, text } of sources) {
    const room = used.get(roomOf(file).name)
    const { files, packages } = importsOf(file, text)
    for (const path of files) room?.add(roomOf(path).name)
    for (const each of packages) room?.add(each)
  }
  const idle = rooms.flatMap(({ name, mayImport, packages }) => {
    const needed = [...(used.get(name) ?? [])]
    const isIdle = (each: string) =>
      each.endsWith('/*') ? !needed.some((room) => dirname(room) === dirname(each)) : !needed.includes(each)
    return [...mayImport, ...packages].filter(isIdle).map((each) => `${name} → ${each}`)
  })
  expect(idle).toEqual([])
  expect(names.filter((name) => !sources.some(({ file }) => roomOf(file).name === name))).toEqual([])
})

/** Biome denies core the other globals. A moment that is given may be formatted. */
test('core reads no clock', () => {
  const inCore = sources.filter(({ file }) => file.startsWith('core/'))
  expect(inCore.filter(({ text }) => /\bDate\.now\b|\bnew Date\(\)/.test(text))).toEqual([])
})

describe('a breach is found', () => {
  test.each([
    ['core/x.ts', "import '../platform/clock.ts'"],
    ['core/x.ts', "import * as z from 'zod'"],
    ['core/protocol/x.ts', "import type { Agent } from '../../agent/agent.ts'"],
    ['config/x.ts', "const { Agent } = await import('../agent/agent.ts')"],
    ['agent/node/x.ts', "export * from '../daemon/daemon.ts'"],
    ['agent/daemon/x.ts', "import { handOver } from '../notify/hand-over.ts'"],
    ['agent/daemon/x.ts', "import { EC2Client } from '@aws-sdk/client-ec2'"],
    ['adapters/ec2/operations/x.ts', "import '../../keepalived/event.ts'"],
    ['commands/status/x.ts', "import '../../lab/lab.ts'"],
    ['commands/list/x.ts', "import '../../cli/program.ts'"],
    ['lab/x.ts', "import '../adapters/ec2/client.ts'"],
  ])('%s: %s', (file, text) => {
    expect(breaches(file, text)).toHaveLength(1)
  })
})
