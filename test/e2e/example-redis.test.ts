/** examples/redis, with the real Redis. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { LoggedProcess } from '../../src/lab/logged-process.ts'
import { poll } from '../../src/lab/poll.ts'
import { requires } from '../support/requires.ts'
import { raiseExample } from './example-case.ts'
import type { ExampleHost } from './example-host.ts'

const DEADLINE_MS = 40_000
const CONF = fileURLToPath(new URL('../../examples/redis/redis.conf', import.meta.url))

/** Redis with its file as the README has it written, and its data in the node's directory. */
async function startRedis({ directory, start }: ExampleHost): Promise<LoggedProcess> {
  const conf = join(directory, 'redis.conf')
  cpSync(CONF, conf, { force: false })
  const redis = await start('redis-server', conf, '--dir', directory)
  await redis.line(/Ready to accept connections/)
  return redis
}

describe.skipIf(!requires('keepalived') || !requires('redis'))('Redis behind a VIP', { timeout: 150_000 }, () => {
  it('fails over and back, and loses nothing that was replicated', async () => {
    const example = await raiseExample('redis')
    const [first, second] = example.hosts
    const until = (what: string, is: () => Promise<boolean>) =>
      poll(what, DEADLINE_MS, async () => (await is()) || undefined)
    const at = async (address: string, ...words: string[]) => example.ask('redis-cli', '-e', '-h', address, ...words)
    const byVip = (...words: string[]) => at('10.99.0.10', ...words)
    const isMaster = async ({ node }: ExampleHost) => (await at(node.address, 'role'))?.startsWith('master')
    const follows = ({ node }: ExampleHost, key: string) =>
      until(`${node.name} has ${key}`, async () => (await at(node.address, 'get', key)) === key)
    const startAll = async (host: ExampleHost) => ({
      redis: await startRedis(host),
      daemon: await host.startDaemon(),
      keepalived: await host.startKeepalived(),
    })
    /** Kills the master; returns when a client writes again, to the other one. */
    async function failover(what: string, processes: readonly LoggedProcess[], key: string): Promise<void> {
      const killed = Date.now()
      for (const each of processes) each.kill()
      const isWritten = async () => (await byVip('set', key, key)) === 'OK'
      await until('a write by the VIP', isWritten)
      example.tell(`${what} killed → a client on the VIP writes again`, Date.now() - killed)
    }

    const onFirst = await startAll(first)
    await until('a first write', async () => (await byVip('set', 'first', 'first')) === 'OK')
    const onSecond = await startAll(second)
    await follows(second, 'first')
    expect([await isMaster(first), await isMaster(second)]).toEqual([true, false])

    await failover('the master’s Redis and keepalived', [onFirst.redis, onFirst.keepalived], 'second')
    expect([await byVip('get', 'first'), await isMaster(second)]).toEqual(['first', true])

    await startRedis(first)
    await first.startKeepalived()
    await follows(first, 'second')
    expect([await isMaster(first), await isMaster(second)]).toEqual([false, true])

    await failover('all of the next master’s', Object.values(onSecond), 'third')
    expect([await byVip('get', 'first'), await byVip('get', 'second')]).toEqual(['first', 'second'])
    expect(await isMaster(first)).toBe(true)
  })
})
