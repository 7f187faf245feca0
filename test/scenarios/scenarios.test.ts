/**
 * Runs every scenario of this folder and compares what happens with what the file says. In a file, lines up to `----` are
 * directives, and what follows, up to an empty line, is what happens. UPDATE_SCENARIOS=1 writes what really happened.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Scenario } from './directives.ts'

const FOLDER = fileURLToPath(new URL('./', import.meta.url))

/** The text of the scenario with the answers as they really are. */
function play(text: string): string {
  const scenario = new Scenario()
  const blocks = text.trimEnd().split(/\n\n+/)
  return `${blocks.map((block) => playBlock(scenario, block)).join('\n\n')}\n`
}

function playBlock(scenario: Scenario, block: string): string {
  const lines = block.split('\n')
  const separator = lines.indexOf('----')
  const asked = separator < 0 ? lines : lines.slice(0, separator)
  const directives = asked.filter((line) => !line.startsWith('#'))
  if (directives.length === 0) return block
  const answers = directives.flatMap((directive) => scenario.perform(directive))
  return [...asked, '----', ...(answers.length > 0 ? answers : ['ok'])].join('\n')
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))

describe('scenarios', () => {
  test.each(files)('%s', (file) => {
    const text = readFileSync(`${FOLDER}${file}`, 'utf8')
    const played = play(text)
    if (process.env.UPDATE_SCENARIOS) writeFileSync(`${FOLDER}${file}`, played)
    else expect(played).toBe(text)
  })
})
