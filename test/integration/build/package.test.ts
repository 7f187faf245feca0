/** What is published beside the program. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Schema, Validator } from '@cfworker/json-schema'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import { CONDITIONS } from '../../../src/core/decide.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const textOf = (path: string) => readFile(`${ROOT}${path}`, 'utf8')

describe('the JSON Schema of the config', () => {
  let validator: Validator
  beforeAll(async () => {
    const schema: Schema = z.record(z.string(), z.unknown()).parse(JSON.parse(await textOf('dist/config.schema.json')))
    validator = new Validator(schema, '2020-12')
  })

  /** The config that the installation page shows. */
  async function example() {
    const [, yaml = ''] = /^```yaml$(.*?)^```$/ms.exec(await textOf('docs/installation.md')) ?? []
    return z.looseObject({ instances: z.object({ VI_1: z.looseObject({}) }) }).parse(parse(yaml))
  }

  test('accepts what the installation page shows', async () => {
    expect(validator.validate(await example())).toEqual({ valid: true, errors: [] })
  })

  test('refuses an unknown key, at the top and in an instance, and a missing one', async () => {
    const { cluster, instances } = await example()
    expect(validator.validate({ cluster, instances, regoin: 'eu-west-1' }).valid).toBe(false)
    expect(validator.validate({ cluster, instances: { VI_1: { ...instances.VI_1, vip: [] } } }).valid).toBe(false)
    expect(validator.validate({ cluster }).valid).toBe(false)
  })
})

test('the program starts by any POSIX shell: not every env has options', async () => {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await textOf('package.json')))
  const { stdout } = await execa('sh', [`${ROOT}bin/vip-switch`, '--version'])
  expect(stdout).toBe(version)
  expect(await textOf('bin/vip-switch')).toMatch(/^#!\/bin\/sh\n/)
})

describe('the package', () => {
  const packedSchema = z.array(z.object({ files: z.array(z.object({ path: z.string() })) }))

  test('holds what it needs to run, and the licences', async () => {
    const { stdout } = await execa('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: ROOT })
    const paths = packedSchema.parse(JSON.parse(stdout))[0]?.files.map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining([
        ...[
          'LICENSE',
          'README.md',
          'CHANGELOG.md',
          'SECURITY.md',
          'package.json',
          'bin/vip-switch',
          'dist/config.schema.json',
        ],
        ...['dist/main.cjs', 'dist/hook.cjs', 'dist/program.cjs'],
        ...CONDITIONS.map((condition) => `docs/conditions/${condition.toLowerCase()}.md`),
        ...['dist/vip-switch.1', 'dist/THIRD-PARTY-LICENSES.txt', 'systemd/vip-switch-preflight@.service'],
      ]),
    )
    // Code caches are each machine's own.
    expect(paths?.filter((path) => /^(src|test|node_modules)\/|\.cache$/.test(path))).toEqual([])
  })

  test('names every package that is in the bundle, with its licence', async () => {
    const licences = await textOf('dist/THIRD-PARTY-LICENSES.txt')
    const named = Array.from(licences.matchAll(/^(\S+) \d[\w.-]+ \([\w.-]+\)$/gm), ([, name]) => name)
    const [, table = ''] = /^\| bundled .*\n\| ---.*\n([\s\S]*?)\n\n/m.exec(await textOf('docs/dependencies.md')) ?? []
    const bundled = Array.from(table.matchAll(/^\| (@?[a-z][\w/.-]+) \|/gm), ([, name]) => name)
    expect(bundled).toContain('commander')
    expect(named).toEqual(expect.arrayContaining(bundled))
    expect(named).not.toContain('vitest')
    for (const text of ['Apache License', 'Permission is hereby granted']) expect(licences).toContain(text)
  })
})
