/** Whether the lint rule of the dependency directions still catches what it is there for. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'
import * as z from 'zod'

/** What is looked at in Biome's report, and in its configuration. */
const reportSchema = z.object({
  diagnostics: z.array(
    z.object({
      category: z.string(),
      severity: z.string(),
      location: z.object({ path: z.string(), start: z.object({ line: z.int() }) }),
    }),
  ),
})
const configSchema = z.object({ overrides: z.array(z.object({ includes: z.array(z.string()) })) })

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const AGENT = '../agent/node.ts'
const COMMANDS = '../commands/switch.ts'
const CONFIG = '../config/schema.ts'
const CORE = '../core/route.ts'
const DYNAMODB = '@aws-sdk/client-dynamodb'
const EC2 = '../ec2/routes.ts'
const KEEPALIVED = '../keepalived/event.ts'
const LAB = '../lab/ec2/server.ts'
const OUTPUT = '../output/table.ts'
const SDK = '@aws-sdk/client-ec2'
const WITNESS = '../witness/witness.ts'

/** What each folder may import and may not. `commands/lab.ts` stands for itself: it alone may know the lab. */
const arrows: Record<string, { may: string[]; mayNot: string[] }> = {
  'core/x.ts': {
    may: ['./route.ts', 'ipaddr.js'],
    mayNot: [
      AGENT,
      COMMANDS,
      CONFIG,
      EC2,
      KEEPALIVED,
      LAB,
      OUTPUT,
      WITNESS,
      SDK,
      DYNAMODB,
      '../clock.ts',
      'node:fs',
      'zod',
    ],
  },
  'config/x.ts': {
    may: [CORE, './duration.ts', '../errors.ts', 'node:fs', 'zod'],
    mayNot: [AGENT, COMMANDS, EC2, KEEPALIVED, WITNESS, OUTPUT, LAB, SDK, DYNAMODB],
  },
  'keepalived/x.ts': {
    may: [CORE, CONFIG, '../errors.ts'],
    mayNot: [AGENT, COMMANDS, EC2, WITNESS, OUTPUT, LAB, SDK, DYNAMODB],
  },
  'ec2/x.ts': {
    may: [CORE, CONFIG, SDK, './client.ts'],
    mayNot: [AGENT, COMMANDS, KEEPALIVED, WITNESS, OUTPUT, LAB, DYNAMODB],
  },
  'witness/x.ts': {
    may: [CORE, CONFIG, EC2, DYNAMODB],
    mayNot: [AGENT, COMMANDS, KEEPALIVED, OUTPUT, LAB, SDK],
  },
  'agent/x.ts': {
    may: [CORE, CONFIG, KEEPALIVED, EC2, WITNESS],
    mayNot: [COMMANDS, OUTPUT, LAB, SDK, DYNAMODB],
  },
  'output/x.ts': {
    may: [CORE, CONFIG, '../errors.ts'],
    mayNot: [AGENT, COMMANDS, KEEPALIVED, EC2, WITNESS, LAB, SDK, DYNAMODB],
  },
  'commands/x.ts': {
    may: [AGENT, CONFIG, CORE, EC2, KEEPALIVED, OUTPUT],
    mayNot: [LAB, SDK, DYNAMODB],
  },
  'commands/lab.ts': { may: [LAB], mayNot: [] },
  'program/x.ts': {
    may: [COMMANDS, CONFIG, OUTPUT],
    mayNot: [LAB, SDK, DYNAMODB],
  },
  'main.ts': {
    may: ['./commands/switch.ts', './output/exit.ts'],
    mayNot: ['./lab/ec2/server.ts', SDK, DYNAMODB],
  },
  'lab/x.ts': {
    may: ['./ec2/server.ts', OUTPUT, '../core/vip.ts', '../errors.ts'],
    mayNot: [AGENT, COMMANDS, KEEPALIVED, EC2, WITNESS],
  },
  'lab/ec2/actions/x.ts': {
    may: ['../model.ts'],
    mayNot: [`../../${AGENT}`, `../../${COMMANDS}`, `../../${KEEPALIVED}`, `../../${WITNESS}`],
  },
}

const FORMS = [
  (from: string) => `import '${from}'`,
  (from: string) => `import type { X } from '${from}'`,
  (from: string) => `export * from '${from}'`,
  (from: string) => `await import('${from}')`,
]

/** Every form of import of these, one a line. */
function lines(from: readonly string[]): string[] {
  return from.flatMap((each) => FORMS.map((form) => form(each)))
}

/** The lines that break the rule, by their file in src. */
const broken = new Map<string, string[]>()
beforeAll(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
  try {
    writeFileSync(join(directory, 'biome.json'), readFileSync(join(ROOT, 'biome.json')))
    for (const [file, { may, mayNot }] of Object.entries(arrows)) {
      mkdirSync(join(directory, 'src', dirname(file)), { recursive: true })
      writeFileSync(join(directory, 'src', file), lines([...may, ...mayNot]).join('\n'))
    }
    const flags = ['--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none']
    const biome = join(ROOT, 'node_modules/.bin/biome')
    const { stdout } = await execa(biome, ['lint', ...flags], { cwd: directory, reject: false })
    for (const { location, category, severity } of reportSchema.parse(JSON.parse(stdout)).diagnostics) {
      expect({ category, severity }).toEqual({ category: 'lint/style/noRestrictedImports', severity: 'error' })
      const file = location.path.slice('src/'.length)
      const line = readFileSync(join(directory, location.path), 'utf8').split('\n')[location.start.line - 1] ?? ''
      broken.set(file, [...(broken.get(file) ?? []), line])
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test.each(Object.entries(arrows))('%s imports what it may, and nothing else', (file, { mayNot }) => {
  expect((broken.get(file) ?? []).sort()).toEqual(lines(mayNot).sort())
})

test('every rule of the lint is tried here', () => {
  const { overrides } = configSchema.parse(JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')))
  const folders = overrides.flatMap(({ includes }) => includes.filter((each) => !each.startsWith('!')))
  expect(folders.map((each) => each.replace(/^src\//, '').replace(/\*\*$/, 'x.ts')).sort()).toEqual(
    Object.keys(arrows)
      .filter((file) => !['commands/lab.ts', 'lab/ec2/actions/x.ts'].includes(file))
      .sort(),
  )
})
