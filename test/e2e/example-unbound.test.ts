/** examples/unbound, with the real unbound. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { poll } from '../../src/lab/poll.ts'
import { requires } from '../support/requires.ts'
import { raiseExample } from './example-case.ts'
import type { ExampleHost } from './example-host.ts'

const DEADLINE_MS = 40_000
const CONF = fileURLToPath(new URL('../../examples/unbound/unbound.conf', import.meta.url))

/** As Debian's package has it, but for a name that tells the nodes apart; the example's file is included. */
const unboundConf = (name: string) => `
server:
  username: ""
  chroot: ""
  directory: "/etc/unbound"
  use-syslog: no
  local-data: "whoami.example. TXT ${name}"
remote-control:
  control-enable: yes
  control-interface: /run/unbound.ctl
include: "/etc/unbound/unbound.conf.d/*.conf"
`

describe.skipIf(!requires('keepalived') || !requires('unbound'))('unbound behind a VIP', { timeout: 120_000 }, () => {
  it('answers on when the one that answers dies', async () => {
    const example = await raiseExample('unbound')
    const startAll = async (host: ExampleHost) => {
      const { node, directory, start } = host
      const etc = join(directory, 'etc-unbound')
      mkdirSync(join(etc, 'unbound.conf.d'), { recursive: true })
      writeFileSync(join(etc, 'unbound.conf'), unboundConf(node.name))
      cpSync(CONF, join(etc, 'unbound.conf.d/vip.conf'))
      const unbound = await start('unbound', '-d', '-p')
      await unbound.line(/start of service/)
      return { unbound, daemon: await host.startDaemon(), keepalived: await host.startKeepalived() }
    }
    const query = ['+short', '+time=1', '+tries=1', '@10.99.0.53', 'whoami.example', 'TXT']
    const answerOf = (name: string) =>
      poll(
        `${name} answers`,
        DEADLINE_MS,
        async () => (await example.ask('dig', ...query)) === `"${name}"` || undefined,
      )

    const [first, second] = example.hosts
    const onFirst = await startAll(first)
    await answerOf(first.node.name)
    const onSecond = await startAll(second)

    const killed = Date.now()
    onFirst.unbound.kill()
    await answerOf(second.node.name)
    example.tell('unbound killed → a client has an answer again', Date.now() - killed)
    const flushed = await onSecond.daemon.line(/"hook":"master".*"outcome":"done"/)
    expect(JSON.parse(flushed.text)).toMatchObject({ exitCode: 0, output: 'ok' })
  })
})
