/** Signs that keepalived may have changed its state. */
import { networkInterfaces } from 'node:os'
import { expect, test, vi } from 'vitest'
import { amountWritten, hostAddresses } from '../../../../src/adapters/keepalived/signs.ts'

vi.mock('node:os', async (load) => {
  const real = await load<typeof import('node:os')>()
  return { ...real, networkInterfaces: vi.fn(real.networkInterfaces) }
})

test('are the addresses of the host, where netlink is not denied', () => {
  expect(hostAddresses().split('\n')).toContain('lo 127.0.0.1')
  vi.mocked(networkInterfaces).mockImplementationOnce(() => {
    throw new Error('A system error occurred: uv_interface_addresses returned EAFNOSUPPORT')
  })
  expect(hostAddresses()).toBe('')
})

test('are how much a process has written, while it runs', () => {
  expect(amountWritten([process.pid])).toMatch(/^wchar: \d+ syscw: \d+$/)
  expect(amountWritten([2 ** 22 + 1])).toBe('')
})
