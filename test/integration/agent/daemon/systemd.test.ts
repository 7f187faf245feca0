import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { PROGRAM } from '../../../support/cli.ts'
import { requires } from '../../../support/requires.ts'

const UNITS = fileURLToPath(new URL('../../../../systemd/', import.meta.url))

describe.skipIf(!requires('systemd'))('the units of systemd/', () => {
  test('are known good to systemd, and their programs are there', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vip-switch-systemd-'))
    const units = await readdir(UNITS)
    expect(units).toContain('vip-switch-preflight@.service')
    for (const unit of units) {
      const text = await readFile(join(UNITS, unit), 'utf8')
      expect(text).toContain('ExecStart=/usr/bin/vip-switch ')
      const path = join(directory, unit)
      // Where the program would be installed, it is not yet.
      await writeFile(path, text.replaceAll('/usr/bin/vip-switch', PROGRAM))
      const verified = await execa('systemd-analyze', ['verify', '--man=no', path], { reject: false, all: true })
      expect(verified).toMatchObject({ exitCode: 0, all: '' })
    }
    await rm(directory, { recursive: true })
  })

  test('start the daemon again however often it ends', async () => {
    const unit = await readFile(join(UNITS, 'vip-switch.service'), 'utf8')
    const [head] = unit.split('[Service]')
    expect(head).toMatch(/^StartLimitIntervalSec=0$/m)
    expect(unit).toMatch(/^Restart=always$/m)
  })
})
