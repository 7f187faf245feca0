/** `vip-switch history` after real hooks, daemons and operators, on a node and elsewhere. */
import { chmodSync, chownSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { NEWEST } from '../../../../src/history/segments.ts'
import { environmentFor, logLines, type Run, runProgram } from '../../../support/cli.ts'
import { createDaemon, inDirectory, tell, tellMaster, writeDaemonConfig } from '../../../support/daemon.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { BACKUP, both, eniOf, MASTER, setTarget, targets } from '../../../support/node.ts'
import { makeHooksDirectory, runHook, SCRIPT_USER, writeStateConfig } from '../../../support/state-users.ts'

startEndpointForEachTest()

let config: string
beforeEach(() => {
  config = writeDaemonConfig()
})

const run = (values: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> =>
  runProgram(
    values,
    environmentFor(endpoint, {
      STATE_DIRECTORY: directory,
      RUNTIME_DIRECTORY: directory,
      VIP_SWITCH_CONFIG: config,
      ...env,
    }),
  )
const notify = (...event: readonly string[]) => run(['notify', '--state-dir', directory, ...event])

const entrySchema = z.looseObject({ at: z.iso.datetime(), kind: z.string() })
const schema = z.object({
  version: z.literal(1),
  nodes: z.array(z.looseObject({ name: z.string() })),
  entries: z.array(entrySchema),
})
async function told(...values: readonly string[]) {
  const { stdout } = await run(['history', '--json', ...values])
  return schema.parse(JSON.parse(stdout))
}
const seen = (check: () => void | Promise<void>) => vi.waitFor(check, 10_000)

describe('a hook that acts itself', () => {
  test('tells the transition, why, the writes and how long they took, and that they are confirmed', async () => {
    setTarget('private-a', { field: 'networkInterfaceId', id: eniOf('db-2') })
    expect((await notify(...BACKUP)).exitCode).toBe(0)
    expect((await notify(...MASTER)).exitCode).toBe(0)
    const { entries } = await told()
    const head = { by: 'hook', instance: 'VI_1', eni: eniOf('db-1') }
    const index = entries.findIndex(({ to }) => to === 'MASTER')
    expect(entries[index]).toMatchObject({ ...head, kind: 'transition', from: 'BACKUP', cause: null, found: false })
    const writes = entries.slice(index).find(({ kind }) => kind === 'writes')
    expect(writes).toMatchObject({ ...head, accepted: 2, failed: 0, since: 'event', ms: expect.any(Number) })
    expect(entries.slice(index).find(({ kind }) => kind === 'confirmed')).toMatchObject({ ...head, routes: 2 })
    expect(entries.at(-1)).toMatchObject({ ...head, kind: 'decision', condition: 'OK' })

    const { stdout } = await run(['history', 'VI_1'])
    expect(stdout).toMatch(new RegExp(`^VI_1 on db-1 \\(${eniOf('db-1')}\\)\n\n`))
    expect(stdout).toMatch(/ MASTER 150 +was BACKUP; an event of keepalived, on which its hook acted: no daemon did\n/)
    const { stdout: status } = await run(['status'])
    expect(status).toMatch(/last transition {2}db-1 MASTER \d\d:\d\d:\d\dZ, (now|\d+ s ago), routes accepted in \d/)
  }, 30_000)

  test('and hooks at once, each about its own instance, lose nothing', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `VI_${index + 1}`)
    const instances = Object.fromEntries(
      names.map((name, index) => [name, { vips: [`10.99.1.${index}`], routeTables: [{ name: 'private-a' }] }]),
    )
    writeFileSync(config, JSON.stringify({ cluster: 'db', eni: eniOf('db-1'), instances }))
    await Promise.all(names.map((name) => notify('INSTANCE', name, 'MASTER', '150')))
    const { entries } = await told()
    const about = (kind: string) =>
      new Set(entries.filter((each) => each.kind === kind).map(({ instance }) => instance))
    for (const kind of ['transition', 'writes', 'confirmed']) expect(about(kind), kind).toEqual(new Set(names))
  }, 60_000)

  test('says once that the history cannot be kept, and takes the routes', async () => {
    mkdirSync(inDirectory(NEWEST))
    const { exitCode, stderr } = await notify(...MASTER)
    expect(exitCode).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-1')))
    expect(logLines({ stderr }).filter(({ msg }) => `${msg}`.includes('the history cannot be kept'))).toHaveLength(1)
  }, 30_000)
})

describe.skipIf(process.geteuid?.() !== 0)('a hook of another user, who may not write to the history', () => {
  test('keeps its lines in the place of hooks’ state, and both are told', async () => {
    writeStateConfig()
    makeHooksDirectory()
    expect(await runHook(SCRIPT_USER, BACKUP)).toBe(0)
    const state = inDirectory('run/vip-switch')
    expect(readFileSync(join(state, 'hooks', NEWEST), 'utf8')).toContain('"to":"BACKUP"')
    const { stdout } = await run(['history', '--state-dir', state])
    expect(stdout).toMatch(/ BACKUP 150 /)
  }, 30_000)
})

describe('a daemon', () => {
  test('tells what brought a transition, heals and from whom, and its own start and stop', async () => {
    const daemon = createDaemon(config)
    await daemon.start()
    tell('BACKUP')
    tellMaster()
    await seen(async () => expect((await told()).entries.map(({ condition }) => condition)).toContain('OK'))
    setTarget('private-a', { field: 'networkInterfaceId', id: eniOf('db-2') })
    await seen(async () => expect((await told()).entries.filter(({ kind }) => kind === 'writes')).toHaveLength(2))
    await daemon.stop()
    const { entries, nodes } = await told('--since', '1h')
    expect(nodes.map(({ name }) => name)).toContain('db-1')
    expect(entries[0]).toMatchObject({ kind: 'daemon', what: 'started' })
    expect(entries.at(-1)).toMatchObject({ kind: 'daemon', what: 'stopped' })
    expect(entries.find(({ to }) => to === 'MASTER')).toMatchObject({ from: 'BACKUP', cause: 'fifo', found: false })
    expect(entries.findLast(({ kind }) => kind === 'writes')).toMatchObject({
      ...{ since: 'decision', accepted: 1, takenFrom: [`${eniOf('db-2')}, which is not a node of the cluster`] },
    })
  }, 30_000)

  test('that cannot keep the history says so once, takes the routes, and says when it can again', async () => {
    mkdirSync(inDirectory(NEWEST))
    const said: string[] = []
    const say = (about: string | object, text = '') => void said.push(typeof about === 'string' ? about : text)
    const daemon = createDaemon(config, { debug: say, info: say, warn: say, error: say })
    await daemon.start()
    tellMaster()
    await seen(() => expect(said).toContain('VI_1 OK: we are MASTER 150; all 2 routes are in place'))
    expect(targets()).toEqual(both(eniOf('db-1')))
    expect(said.filter((text) => text.includes('the history cannot be kept'))).toHaveLength(1)
    rmdirSync(inDirectory(NEWEST))
    tell('BACKUP')
    await seen(() => expect(said).toContain('the history is kept again'))
    // Nothing of what happened meanwhile is lost.
    const { entries } = await told()
    expect(entries.filter(({ kind }) => kind === 'transition').map(({ to }) => to)).toEqual(['MASTER', 'BACKUP'])
  }, 30_000)
})

describe('an operator', () => {
  const who = { SUDO_USER: 'alice' }
  test.each([
    [['switch', 'VI_1', '--to', 'db-2', '-f'], { command: 'switch', until: null, outcomes: { done: 2 } }],
    [['pin', 'VI_1', '--to', 'db-2', '--for', '30m', '-f'], { command: 'pin', outcomes: { done: 2 } }],
  ])('is named who runs %j', async (values, deed) => {
    expect((await run(values, who)).exitCode).toBe(0)
    const { entries } = await told()
    const by = { by: 'operator', who: `alice@${hostname()}`, instance: 'VI_1', to: eniOf('db-2') }
    expect(entries).toMatchObject([{ kind: 'by-hand', ...by, ...deed }])
  })

  test('who removes a pin, and one without sudo', async () => {
    await run(['pin', 'VI_1', '--to', 'db-2', '--for', '30m', '-f'], who)
    await run(['unpin', 'VI_1'])
    const { stdout } = await run(['history'])
    expect(stdout).toMatch(/ pin +alice@\S+ pinned 2 routes to db-2: 2 done until /)
    expect(stdout).toMatch(/ unpin +(?!alice)\S+@\S+ removed the pin to db-2$/)
  })

  test('leaves nothing behind by a dry run, or where there is no history', async () => {
    await run(['switch', 'VI_1', '--to', 'db-2', '--dry-run'])
    expect((await told()).entries).toEqual([])
    const elsewhere = inDirectory('nowhere')
    const { exitCode, stderr } = await run(['switch', 'VI_1', '--to', 'db-2', '-f'], { STATE_DIRECTORY: elsewhere })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect((await told('--state-dir', elsewhere)).entries).toEqual([])
  })
})

describe('the command', () => {
  const line = (minutesAgo: number, kind: string, rest: object = {}) =>
    `${JSON.stringify({ at: new Date(Date.now() - minutesAgo * 60_000).toISOString(), by: 'daemon', instance: 'VI_1', eni: null, kind, ...rest })}\n`
  const write = (...lines: string[]) => writeFileSync(inDirectory(NEWEST), lines.join(''))

  test('shows what is no older, and counts the rest', async () => {
    write(line(180, 'proof'), line(90, 'priority', { from: 150, to: 50 }), line(1, 'proof'))
    const { stdout } = await run(['history', '--since', '2h'])
    expect(stdout).toContain('1 earlier entry: see --since')
    expect(stdout).toMatch(/1 h ago +priority +150 → 50/)
    expect((await run(['history', '--since', '10s'])).stdout).toBe('nothing since then; 3 earlier entries: see --since')
    expect((await told('--since', '2h')).entries).toHaveLength(2)
  })

  test('shows the last fifty by default, and all of them to programs', async () => {
    write(...Array.from({ length: 60 }, (_, index) => line(60 - index, 'priority', { from: index, to: index + 1 })))
    const { stdout } = await run(['history'])
    expect(stdout).toContain('10 earlier entries')
    expect(stdout.split('\n').filter((each) => each.includes(' → '))).toHaveLength(50)
    expect(stdout.trimEnd()).toMatch(/59 → 60$/)
    expect((await told()).entries).toHaveLength(60)
  })

  test('needs neither EC2 nor a valid config', async () => {
    write(
      line(1, 'decision', {
        condition: 'OK',
        action: 'none',
        intended: eniOf('db-1'),
        reason: `${eniOf('db-1')} is fine`,
      }),
    )
    writeFileSync(config, 'nonsense: [')
    const { exitCode, stdout } = await run(['history'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`${eniOf('db-1')} is fine`)
  }, 20_000)

  test('knows which instances it has entries of', async () => {
    write(line(1, 'proof'))
    const wrong = await run(['history', 'VI_9'])
    expect(wrong.exitCode).toBe(1)
    expect(wrong.stderr.replaceAll(/\s+/g, ' ')).toContain(`has no entry of VI_9 → it has entries of VI_1`)
  })

  test.skipIf(process.geteuid?.() !== 0)('says what it may not read', async () => {
    write(line(1, 'proof'))
    chmodSync(directory, 0o755)
    chownSync(inDirectory(NEWEST), 0, 0)
    mkdirSync(inDirectory('hooks'))
    mkdirSync(inDirectory(`hooks/${NEWEST}`))
    const { exitCode, stderr } = await run(['history'])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('cannot be read')
  })
})
