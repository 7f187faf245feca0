import { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { ReadyConnections } from '../../../../../src/adapters/ec2/transport/ready-connections.ts'

/** Somebody who has connections opened, each of which takes a turn of the event loop. */
function world() {
  let now = 0
  const opened: Duplex[] = []
  const open = vi.fn(async () => {
    await nextTurn()
    const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    opened.push(connection)
    return connection
  })
  const clock = { now: () => now, wall: () => now, sleep: () => Promise.reject(new Error('nobody waits')) }
  const pass = (ms: number) => {
    now += ms
  }
  return { standby: new ReadyConnections(clock), open, opened, pass }
}

/** As many turns as take everybody to the end, or round and round. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await nextTurn()
}

test('what a server closes at once is not opened again and again', async () => {
  const { standby, open, opened } = world()
  standby.keep('ec2', 3, async () => {
    const connection = await open()
    setImmediate(() => connection.destroy())
    return connection
  })
  await settle()
  expect(opened).toHaveLength(3)
})

test('what a server closes when it was idle for long is opened again', async () => {
  const { standby, open, opened, pass } = world()
  standby.keep('ec2', 3, open)
  await settle()
  pass(5000)
  opened[0]?.destroy()
  await settle()
  expect(opened).toHaveLength(4)
})

test('what is taken while others are opened is not missing', async () => {
  const { standby, open, opened } = world()
  let taken: Duplex | undefined
  standby.keep('ec2', 3, async () => {
    const connection = await open()
    if (opened.length === 2) taken = standby.take('ec2')
    return connection
  })
  await settle()
  expect(taken).toBe(opened[0])
  expect(opened).toHaveLength(3)
})
