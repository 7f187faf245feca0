/** A config whose hooks root runs, and that others may write. */
import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { environmentFor, logLines, runProgram } from '../../../support/cli.ts'
import { createDaemon, inDirectory, statusOnSocket, writeDaemonConfig } from '../../../support/daemon.ts'
import { directory, endpoint, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { byIds, MASTER } from '../../../support/node.ts'
import { requires } from '../../../support/requires.ts'

startEndpointForEachTest()

const WITH_HOOKS = () => `${byIds()}, hooks: { master: { run: [/bin/true] } }`
const run = (...values: string[]) => runProgram(values, environmentFor(endpoint))

/** The file may be written by its group. */
function writeUnsafeConfig(instance = WITH_HOOKS()): string {
  const path = writeDaemonConfig({}, instance)
  chmodSync(path, 0o664)
  return path
}
const refusalOf = (path: string) =>
  `root would run hooks of ${path}, which users other than root may change: it has mode 0664`

describe.skipIf(!requires('root'))('root refuses it', () => {
  test('to those who check it, with what mends it', async () => {
    const path = writeUnsafeConfig()
    const { exitCode, stderr } = await run('config', 'check', path)
    expect(exitCode).toBe(2)
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(refusalOf(path))
    expect(stderr).toContain(`→ sudo chmod go-w ${path}`)
    const json = await run('config', 'check', '--json', path)
    expect(json.exitCode).toBe(2)
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      problems: [
        { found: expect.stringContaining('has mode 0664'), allowed: expect.stringContaining('sudo chmod go-w') },
      ],
    })
    chmodSync(path, 0o644)
    expect((await run('config', 'check', path)).exitCode).toBe(0)
  })

  test('to the doctor, whoever owns a directory above it', async () => {
    const path = writeDaemonConfig({}, WITH_HOOKS())
    chownSync(directory, 7, 7)
    const { exitCode, stderr } = await run('doctor', '--config', path, '--state-dir', directory)
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`${directory} is owned by uid 7`)
    expect(stderr).toContain(`→ sudo chown root ${directory}`)
  })

  test('as a daemon, at its start and on a reload', async () => {
    const path = writeUnsafeConfig()
    await expect(createDaemon(path).start()).rejects.toMatchObject({ kind: 'config', message: refusalOf(path) })
    chmodSync(path, 0o644)
    const daemon = createDaemon(path)
    await daemon.start()
    chmodSync(path, 0o664)
    await daemon.reload()
    expect(await statusOnSocket()).toMatchObject({ configRejected: refusalOf(path) })
  })

  test('as a hook alone, also where it has kept the config', async () => {
    const path = writeDaemonConfig({}, WITH_HOOKS())
    const hook = () => run('notify', '--config', path, '--state-dir', inDirectory('state'), ...MASTER)
    expect((await hook()).exitCode).toBe(0)
    chmodSync(path, 0o664)
    const before = writes().length
    const refused = await hook()
    expect(refused.exitCode).toBe(2)
    expect(logLines(refused).at(-1)).toMatchObject({ msg: refusalOf(path), hint: `sudo chmod go-w ${path}` })
    expect(writes()).toHaveLength(before)
  })
})

test('a config without hooks names nothing that is run', async () => {
  expect((await run('config', 'check', writeUnsafeConfig(byIds()))).exitCode).toBe(0)
})

test.skipIf(!requires('root'))('whoever is not root runs what is theirs', async () => {
  const path = writeUnsafeConfig()
  chmodSync(directory, 0o755)
  writeFileSync(inDirectory('as-user.mjs'), `process.setuid(64000)\n`)
  const env = environmentFor(endpoint, { NODE_OPTIONS: `--import=${inDirectory('as-user.mjs')}` })
  expect(await runProgram(['config', 'check', path], env)).toMatchObject({ exitCode: 0, stderr: '' })
})
