import { afterEach, expect, test, vi } from 'vitest'
import { configPath, historyDirectory, stateDirectory } from '../../../src/config/paths.ts'

afterEach(() => void vi.unstubAllEnvs())

test.each([undefined, ''])('%j in the environment is no path', (value) => {
  vi.stubEnv('VIP_SWITCH_CONFIG', value)
  vi.stubEnv('RUNTIME_DIRECTORY', value)
  vi.stubEnv('STATE_DIRECTORY', value)
  expect([configPath(undefined), stateDirectory(undefined), historyDirectory(undefined)]).toEqual([
    '/etc/vip-switch/config.yaml',
    '/run/vip-switch',
    '/var/lib/vip-switch',
  ])
})

test('a flag outranks the environment', () => {
  vi.stubEnv('VIP_SWITCH_CONFIG', '/env.yaml')
  vi.stubEnv('RUNTIME_DIRECTORY', '/run/one:/run/two')
  expect([configPath(undefined), stateDirectory(undefined)]).toEqual(['/env.yaml', '/run/one'])
  expect([configPath('/flag.yaml'), stateDirectory('/flag')]).toEqual(['/flag.yaml', '/flag'])
})
