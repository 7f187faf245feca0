/** What is in the packages. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { built, OUT, ROOT } from './debs.ts'

const stdoutOf = (program: string, ...words: string[]) => execFileSync(program, words, { encoding: 'utf8' })

/** MiB; Node alone is 120 installed. */
const LARGEST = { '.deb': 35, '.rpm': 50, '.tgz': 1.5 }

test('lintian finds nothing in the .deb', () => {
  expect(stdoutOf('lintian', '--fail-on', 'info', '--allow-root', built('.deb'))).toBe('')
})

test.each(Object.entries(LARGEST))('the %s is not larger than %i MiB', (ending, most) => {
  expect(readFileSync(built(ending)).length / 1024 ** 2).toBeLessThan(most)
})

test('the .rpm installs what the .deb does, but for each distribution’s own places', () => {
  const listed = stdoutOf('dpkg-deb', '--contents', built('.deb')).trim().split('\n')
  const paths = listed.map(
    (line) =>
      line
        .replace(/ -> .*/, '')
        .split(' ')
        .at(-1)
        ?.slice(1) ?? '',
  )
  const ofDeb = paths.filter((path) => !path.endsWith('/'))
  expect(ofDeb).toContain('/usr/bin/vip-switch')
  const ofRpm = stdoutOf('rpm', '-qpl', built('.rpm')).trim().split('\n')
  const inRpm = (path: string) =>
    path.replace(/^\/lib\/systemd/, '/usr/lib/systemd').replace('zsh/vendor-completions', 'zsh/site-functions')
  const debianOnly = /\/(lintian\/overrides\/vip-switch|doc\/vip-switch\/changelog\.gz)$/
  expect(ofRpm).toEqual(expect.arrayContaining(ofDeb.filter((path) => !debianOnly.test(path)).map(inRpm)))
})

test('SHA256SUMS has every file', () => {
  const files = readdirSync(OUT)
    .filter((name) => name !== 'SHA256SUMS')
    .sort()
  const sum = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(OUT, name)))
      .digest('hex')
  expect(readFileSync(join(OUT, 'SHA256SUMS'), 'utf8')).toBe(files.map((name) => `${sum(name)}  ${name}\n`).join(''))
})

test('the bill of materials names the bundled packages and Node, each with its licence', () => {
  const schema = z.object({
    bomFormat: z.literal('CycloneDX'),
    components: z.array(
      z.looseObject({ name: z.string(), version: z.string(), licenses: z.array(z.unknown()).min(1) }),
    ),
  })
  const { components } = schema.parse(JSON.parse(readFileSync(built('.cdx.json'), 'utf8')))
  const names = components.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['@aws-sdk/client-ec2', 'commander', 'pino', 'zod', 'node']))
  expect(names).not.toContain('vitest')
})

test('the same commit gives the same bytes', () => {
  const before = readFileSync(join(OUT, 'SHA256SUMS'), 'utf8')
  execFileSync('npm', ['run', '--silent', 'package'], { cwd: ROOT, stdio: 'ignore' })
  expect(readFileSync(join(OUT, 'SHA256SUMS'), 'utf8')).toBe(before)
})
