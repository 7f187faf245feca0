/** What the real keepalived tells the FIFO's reader, from its start to its end. */
import { statSync, writeFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { eventText } from '../../src/adapters/keepalived/event.ts'
import { readFifo } from '../../src/adapters/keepalived/fifo.ts'
import { requires } from '../support/requires.ts'
import { first } from './case.ts'
import { becomesMaster, raiseNode } from './lone-node.ts'

describe.skipIf(!requires('keepalived'))('the real keepalived’s FIFO', { timeout: 30_000 }, () => {
  function record(path: string) {
    const seen: string[] = []
    const fifo = readFifo(path, {
      onEvent: (event) => seen.push(eventText(event)),
      onMalformed: (line) => seen.push(`malformed ${line}`),
      onGap: (reason) => seen.push(`gap: ${reason}`),
    })
    onTestFinished(() => fifo.close())
    return seen
  }
  const becoming = ['VI_2 MASTER 140', 'VI_1 MASTER 150', 'VG_1 MASTER']

  test('of ours is kept over a reload, and tells all to its end', async () => {
    const { file, network, start } = raiseNode()
    const path = file('notify.fifo')
    const seen = record(path)
    const before = identityOf(path)
    const log = await start()
    await expect.poll(() => seen.slice(-3), { timeout: 10_000 }).toEqual(becoming)
    expect(seen.slice(0, -3)).toEqual(['gap: start', 'VG_1 BACKUP', 'VI_1 BACKUP 150', 'VI_2 BACKUP 140'])

    process.kill(log.pid, 'SIGHUP')
    await log.line(/Reload complete/)
    expect(identityOf(path)).toEqual(before)
    seen.length = 0
    network.setLink(first, 'down')
    const events = () => seen.filter((entry) => entry !== 'gap: writer-gone')
    await expect.poll(events).toEqual(['VI_1 FAULT 150', 'VI_2 FAULT 140', 'VG_1 FAULT'])

    process.kill(log.pid, 'SIGTERM')
    await log.exited
    await expect.poll(() => seen.slice(-4)).toEqual(['VI_1 STOP 150', 'VI_2 STOP 140', 'VG_1 STOP', 'gap: writer-gone'])
    expect(identityOf(path)).toEqual(before)
  })

  test('of its own is another one after a reload and after a restart, and the events go on', async () => {
    const { file, network, start } = raiseNode()
    const path = file('notify.fifo')
    const log = await start()
    await becomesMaster(log)
    const before = identityOf(path)
    const seen = record(path)
    await expect.poll(() => seen).toEqual(['gap: start'])
    process.kill(log.pid, 'SIGHUP')
    await expect.poll(() => seen.at(-1)).toBe('gap: reopened')
    expect(identityOf(path)).not.toEqual(before)

    seen.length = 0
    network.setLink(first, 'down')
    await expect.poll(() => seen).toEqual(['VI_1 FAULT 150', 'VI_2 FAULT 140', 'VG_1 FAULT'])
    network.setLink(first, 'up')
    await expect.poll(() => seen.slice(-3), { timeout: 10_000 }).toEqual(becoming)

    process.kill(log.pid, 'SIGTERM')
    await log.exited
    await expect.poll(() => seen.at(-1)).toBe('gap: writer-gone')
    seen.length = 0
    await start()
    await expect.poll(() => seen.slice(-3), { timeout: 10_000 }).toEqual(becoming)
    expect(seen.slice(0, -3)).toEqual(['gap: reopened', 'VG_1 BACKUP', 'VI_1 BACKUP 150', 'VI_2 BACKUP 140'])
  })

  test('says at once that it was killed', async () => {
    const { file, start } = raiseNode()
    const seen = record(file('notify.fifo'))
    const log = await start()
    await expect.poll(() => seen.slice(-3), { timeout: 10_000 }).toEqual(becoming)
    log.kill()
    await expect.poll(() => seen.at(-1)).toBe('gap: writer-gone')
  })

  test('tells of a priority that changes alone', async () => {
    const { configure, file, start } = raiseNode()
    const lowered = file('lowered')
    const extra = [
      'vrrp_track_file lowered {',
      `  file ${lowered}`,
      '  weight 1',
      '}',
      'vrrp_instance VI_3 {',
      '  state BACKUP',
      '  interface eth0',
      '  virtual_router_id 53',
      '  priority 100',
      '  advert_int 0.1',
      `  unicast_src_ip ${first.address}`,
      '  unicast_peer { 10.0.2.12 }',
      '  virtual_ipaddress { 10.99.0.53/32 dev lo }',
      '  track_file { lowered }',
      '}',
    ]
    writeFileSync(lowered, '0\n')
    configure({ extra })
    const seen = record(file('notify.fifo'))
    await start()
    await expect.poll(() => seen, { timeout: 10_000 }).toContain('VI_3 MASTER 100')
    writeFileSync(lowered, '-20\n')
    await expect.poll(() => seen.at(-1)).toBe('VI_3 MASTER_PRIORITY 80')
  })
})

/** The number of an inode alone may be used again. */
function identityOf(path: string): readonly bigint[] {
  const { ino, birthtimeNs } = statSync(path, { bigint: true })
  return [ino, birthtimeNs]
}
