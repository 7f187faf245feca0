/** Makes the lab find few programs, and so simulate keepalived. */
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'

/** It is removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'vip-switch-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

/** A directory with these programs alone, for PATH. */
export async function programsAlone(...programs: readonly string[]): Promise<string> {
  const directory = await temporaryDirectory()
  for (const program of programs) {
    const { stdout } = await execa('sh', ['-c', 'command -v "$1"', 'sh', program])
    await symlink(stdout, join(directory, program))
  }
  return directory
}
