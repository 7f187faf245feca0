/** How the daemon is told: by keepalived's FIFO over reloads, by hooks, and by signals. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { askDaemon } from '../../src/agent/control/messages.ts'
import { controlOf, fifoOf } from '../../src/lab/daemon.ts'
import { configOf } from '../../src/lab/hook.ts'
import { inNamespace } from '../../src/lab/network.ts'
import { poll } from '../../src/lab/poll.ts'
import { VRRP_INSTANCE } from '../../src/lab/scene.ts'
import { requires } from '../support/requires.ts'
import { bin, first, second } from './case.ts'
import { DEADLINE_MS, raiseWithDaemons } from './daemon-case.ts'

describe.skipIf(!requires('keepalived'))('the daemon', { timeout: 60_000 }, () => {
  it('hears events after a reload of keepalived, which makes its FIFO anew', async () => {
    // No tick comes to its help.
    const lab = await raiseWithDaemons({ interval: '60s' })
    const fifo = fifoOf(join(lab.directory, second.name))
    await lab.bothDaemonsUp()
    const before = statSync(fifo).ino
    process.kill(lab.cluster.keepalivedOf(second).log.pid, 'SIGHUP')
    await expect.poll(() => statSync(fifo, { throwIfNoEntry: false })?.ino ?? before).not.toBe(before)
    await lab.says(second, { state: 'BACKUP' })
    const killed = Date.now()
    await lab.cluster.keepalivedOf(first).kill()
    lab.tell('SIGKILL of keepalived → routes at the other', (await lab.restored(second, killed)) - killed)
  })

  it('learns of a new MASTER from its VIPs alone, when no FIFO tells it', async () => {
    // No tick comes to its help.
    const lab = await raiseWithDaemons({ interval: '60s' })
    await lab.bothDaemonsUp()
    const conf = join(lab.directory, second.name, 'keepalived.conf')
    writeFileSync(conf, readFileSync(conf, 'utf8').replace(/^.*(notify_fifo|fifo_write).*\n/gm, ''))
    const { log } = lab.cluster.keepalivedOf(second)
    process.kill(log.pid, 'SIGHUP')
    await log.line(/Reload complete/)
    await lab.says(second, { state: 'BACKUP' })

    await lab.cluster.keepalivedOf(first).kill()
    const { at } = await log.line(/Entering MASTER STATE/)
    await lab.says(second, { state: 'MASTER' })
    const told = lab.cluster.daemonOf(second).log()
    const known = told.find(({ msg }) => msg === 'VI_1 MASTER, as keepalived says when asked')
    lab.tell('MASTER → known to the daemon', (known?.at ?? Number.NaN) - at)
    expect(known).toBeDefined()
    await lab.restored(second, at)
  })

  it('keeps its config when the new one is wrong, and ends by SIGTERM within two seconds', async () => {
    const lab = await raiseWithDaemons()
    await lab.bothDaemonsUp()
    const path = configOf(join(lab.directory, second.name))
    const good = readFileSync(path, 'utf8')
    const daemon = lab.cluster.daemonOf(second)

    writeFileSync(path, good.replace('interval:', 'intervall:'))
    process.kill(daemon.process.pid, 'SIGHUP')
    await lab.says(second, ({ configRejected }) => configRejected?.includes('did you mean "interval"?') === true)
    expect(daemon.log().filter(({ level }) => level >= 50)).toHaveLength(1)
    const killed = Date.now()
    await lab.cluster.keepalivedOf(first).kill()
    await lab.restored(second, killed)

    writeFileSync(path, good)
    process.kill(daemon.process.pid, 'SIGHUP')
    await lab.says(second, { configRejected: null, state: 'MASTER', condition: 'OK' })
    expect(await lab.routeWrites(killed)).toHaveLength(2)

    const asked = performance.now()
    await daemon.stop()
    const took = performance.now() - asked
    lab.tell('SIGTERM → ended', took)
    expect(took).toBeLessThan(2000)
    expect(lab.exits(second)).toContainEqual(expect.objectContaining({ exitCode: 0 }))
    expect(await lab.owners()).toEqual(lab.allAt(second))
  })

  it('believes no hook that comes later than what the FIFO has told since', async () => {
    const lab = await raiseWithDaemons()
    await lab.bothDaemonsUp('daemons first')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const values = ['INSTANCE', VRRP_INSTANCE, 'MASTER', '100']
    const late = { ask: 'event', values, moment: { boot, ticks: 1, pid: 1 } } as const
    const since = Date.now()
    const answerOf = (node: typeof first) => askDaemon(controlOf(join(lab.directory, node.name)), late)
    expect(await answerOf(second)).toEqual({ ok: true, status: 'superseded' })
    expect(await answerOf(first)).toEqual({ ok: true, status: 'taken' })
    await lab.says(second, { state: 'BACKUP' })
    expect(await lab.routeWrites(since)).toEqual([])
  })

  it('leaves the routes where an operator has pinned them, as does a hook without it', async () => {
    const lab = await raiseWithDaemons({ withHook: true })
    await lab.bothDaemonsUp()
    await lab.arrival(first)
    const asOperator = (...command: string[]) => {
      const directory = join(lab.directory, first.name)
      const words = [process.execPath, bin, ...command, VRRP_INSTANCE, '--config', configOf(directory)]
      const [file, ...rest] = inNamespace(lab.network.namespaceOf(first), words)
      return execa(file, rest, { env: lab.cluster.hookOf(first).env, extendEnv: false })
    }
    await asOperator('pin', '--to', second.name, '--for', '30m', '--force')
    const pinned = Date.now()
    await lab.says(first, { state: 'MASTER', condition: 'PINNED', action: 'yield' })
    await lab.says(second, { state: 'BACKUP', condition: 'PINNED' })

    await lab.cluster.daemonOf(first).kill()
    await lab.cluster.keepalivedOf(first).kill()
    await lab.cluster.start(first)
    await poll('the hook refuses', DEADLINE_MS, () =>
      lab.exits(first).find(({ event, exitCode }) => event === 'VI_1 MASTER 150' && exitCode === 4),
    )
    await lab.cluster.startDaemon(first)
    await lab.says(first, { state: 'MASTER', condition: 'PINNED', action: 'yield' })
    expect((await lab.writes(first)).filter(({ at }) => at > pinned)).toEqual([])
    expect(await lab.owners()).toEqual(lab.allAt(second))

    const freed = Date.now()
    await asOperator('unpin')
    lab.tell('unpin → routes at the master', (await lab.restored(first, freed)) - freed)
  })

  it('takes a hook’s event; without it the hook acts itself', async () => {
    const lab = await raiseWithDaemons({ withHook: true })
    await lab.bothDaemonsUp('daemons first')
    const saysOf = (node: typeof first) =>
      lab.cluster
        .hookOf(node)
        .log()
        .map(({ msg }) => msg)
    await lab.arrival(first)
    expect(saysOf(first)).toEqual([])
    const daemonSays = lab.cluster.daemonOf(first).log()
    expect(daemonSays.map(({ msg }) => msg)).toContain('VI_1 MASTER 150, from a hook')
    expect(new Set(lab.exits(first).map(({ exitCode }) => exitCode))).toEqual(new Set([0]))
    expect(await lab.routeWrites(0)).toHaveLength(2)

    await lab.cluster.daemonOf(second).kill()
    const killed = Date.now()
    await lab.cluster.keepalivedOf(first).kill()
    await lab.restored(second, killed)
    await lab.arrival(second)
    expect(saysOf(second)).toContain('VI_1 MASTER 100: taking its routes')
    expect(lab.exits(second)).toContainEqual(expect.objectContaining({ event: 'VI_1 MASTER 100', exitCode: 0 }))
  })
})
