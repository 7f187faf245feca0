import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Ec2Path, startEc2Path } from '../../../src/lab/simulated/ec2-path.ts'

const server = createServer((_, response) => response.end('answered'))
let path: Ec2Path

beforeEach(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  path = await startEc2Path(`http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`)
})
afterEach(() => {
  path.close()
  server.closeAllConnections()
  server.close()
})

const ask = async (signal?: AbortSignal) => (await fetch(path.url, { ...(signal && { signal }) })).text()

test('answers as if it were not there', async () => {
  expect(await ask()).toBe('answered')
})

test('while it is cut nobody is answered, on old connections and new; whoever still waits is when it is healed', async () => {
  await ask()
  path.setCut(true)
  const first = ask()
  await expect(Promise.race([first, ask(AbortSignal.timeout(300))])).rejects.toThrow('timeout')
  path.setCut(false)
  expect(await first).toBe('answered')
  expect(await ask()).toBe('answered')
})
