/** Whether what is in examples/ may be copied as it is. */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../../../src/config/load.ts'
import { environmentFor, runProgram } from '../../../support/cli.ts'
import { INSTALLED, verdictOfKeepalived } from '../../../support/keepalived-verdict.ts'
import { requires } from '../../../support/requires.ts'

const EXAMPLES = fileURLToPath(new URL('../../../../examples', import.meta.url))
const folders = readdirSync(EXAMPLES).filter((name) => !name.includes('.'))
/** Those of a service; the others are of infrastructure. */
const names = folders.filter((name) => existsSync(join(EXAMPLES, name, 'config.yaml')))
const textOf = (...path: string[]) => readFileSync(join(EXAMPLES, ...path), 'utf8')

/** Files that the README has installed in /usr/local/bin. */
const scriptsOf = (name: string) =>
  readdirSync(join(EXAMPLES, name))
    .filter((file) => !file.includes('.'))
    .map((file) => join(EXAMPLES, name, file))

test('each has its line in the table of contents', () => {
  const listed = Array.from(textOf('README.md').matchAll(/^\| \[([a-z-]+)\]/gm), ([, name]) => name)
  expect(listed.sort()).toEqual(folders)
})

test('their pages link to what is there', () => {
  const own = folders.map((name) => join(name, 'README.md')).filter((page) => existsSync(join(EXAMPLES, page)))
  const pages = ['README.md', ...own]
  const links = pages.flatMap((page) =>
    Array.from(textOf(page).matchAll(/\]\(([^)#:]+)\)/g), ([, path = '']) => join(EXAMPLES, dirname(page), path)),
  )
  expect(links).toContain(join(EXAMPLES, 'redis'))
  expect(links.filter((path) => !existsSync(path))).toEqual([])
})

describe.each(names)('%s', (name) => {
  const config = join(EXAMPLES, name, 'config.yaml')

  test('has a config without an error', async () => {
    const run = await runProgram(['config', 'check', '--config', config], environmentFor(undefined))
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('comes with the scripts that its files call, which may be run and are installed by its README', () => {
    const called = [textOf(name, 'config.yaml'), textOf(name, 'keepalived.conf')].flatMap((text) =>
      Array.from(text.matchAll(/\/usr\/local\/bin\/([\w-]+)/g), ([, script]) => script),
    )
    const scripts = scriptsOf(name)
    expect(scripts.map((path) => basename(path)).sort()).toEqual([...new Set(called)].sort())
    for (const script of scripts) {
      accessSync(script, constants.X_OK)
      expect(textOf(name, 'README.md')).toMatch(new RegExp(`install -m 755 .*\\b${basename(script)}\\b`))
    }
  })

  test.skipIf(!requires('shellcheck'))('has scripts that shellcheck finds nothing in', async () => {
    const { exitCode, stdout } = await execa('shellcheck', scriptsOf(name), { reject: false })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
  })

  test.skipIf(!requires('keepalived'))(
    'has a keepalived.conf that keepalived finds nothing in, for its config',
    async () => {
      const text = textOf(name, 'keepalived.conf')
      const scripts = scriptsOf(name)
      const verdict = await verdictOfKeepalived(text.replaceAll('/usr/bin/vip-switch', INSTALLED), scripts)
      expect(verdict).toEqual({ exitCode: 0, said: '' })
      const { instances, keepalived } = loadConfig(config)
      const vrrpInstances = Array.from(text.matchAll(/^vrrp_instance (\S+) \{$/gm), ([, instance]) => instance)
      expect(vrrpInstances).toEqual(Object.keys(instances))
      expect(text).toContain(`vrrp_notify_fifo ${keepalived.fifo}\n`)
    },
  )
})
