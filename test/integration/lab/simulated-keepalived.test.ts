/** What stands in for keepalived does to its surroundings what keepalived does. */
import { closeSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { parseEventLine } from '../../../src/adapters/keepalived/event.ts'
import { drain, openFifo } from '../../../src/adapters/keepalived/fifo-file.ts'
import { createProbe } from '../../../src/adapters/keepalived/probe.ts'
import type { Hook } from '../../../src/lab/hook.ts'
import { pidFileIn } from '../../../src/lab/keepalived.ts'
import { nodes, sceneOf, VRRP_INSTANCE } from '../../../src/lab/scene.ts'
import { simulatedSite } from '../../../src/lab/simulated/site.ts'
import type { Site } from '../../../src/lab/site.ts'
import { PROGRAM } from '../../support/cli.ts'

const [first, second] = nodes
let directory: string
let site: Site

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
  site = await simulatedSite(PROGRAM, sceneOf())
})
afterEach(async () => {
  await site.remove()
  rmSync(directory, { recursive: true })
})

/** Starts a node that writes to a FIFO which nobody reads yet. */
async function start(node: typeof first) {
  const home = join(directory, node.name)
  mkdirSync(home)
  const hook: Hook = { command: [], env: { PATH: process.env.PATH }, log: () => [], logText: () => '' }
  const fifo = join(home, 'notify.fifo')
  const keepalived = await site.startKeepalived(node, {
    directory: home,
    priority: node.priority,
    advertInterval: 0.1,
    instances: { [VRRP_INSTANCE]: [] },
    hook,
    withHook: false,
    fifo,
  })
  const probe = createProbe({ pidFile: pidFileIn(home), expected: [VRRP_INSTANCE] })
  return {
    keepalived,
    fifo,
    async told() {
      const result = await probe.read()
      const { state, effectivePriority, address } =
        (result.kind === 'running' && result.instances.get(VRRP_INSTANCE)) || {}
      return { kind: result.kind, state, effectivePriority, address }
    },
  }
}

test('the higher priority is elected; adverts that are cut on one way make a second master of who hears none', async () => {
  const [one, two] = [await start(first), await start(second)]
  const states = async () => [(await one.told()).state, (await two.told()).state]
  await expect.poll(states).toEqual(['MASTER', 'BACKUP'])
  site.setCut(second, 'adverts', true)
  await expect.poll(states).toEqual(['MASTER', 'MASTER'])
  site.setCut(second, 'adverts', false)
  await expect.poll(states).toEqual(['MASTER', 'BACKUP'])
  await Promise.all([one.keepalived.kill(), two.keepalived.kill()])
})

test('the probe finds it, and learns state, priority and address; killed, it is gone', async () => {
  const { keepalived, told } = await start(first)
  await keepalived.log.line(/\(VI_1\) Entering MASTER STATE/)
  expect(await told()).toEqual({
    kind: 'running',
    state: 'MASTER',
    effectivePriority: first.priority,
    address: first.address,
  })
  await keepalived.kill()
  expect((await told()).kind).toBe('not-running')
})

test('its FIFO tells what keepalived would', async () => {
  const { keepalived, fifo } = await start(first)
  await keepalived.log.line(/Entering BACKUP STATE/)
  const opened = openFifo(fifo)
  onTestFinished(() => opened && closeSync(opened.descriptor))
  let text = ''
  const lines = () => {
    for (const chunk of opened ? drain(opened) : []) text += Buffer.from(chunk).toString()
    return text.split('\n').filter(Boolean).map(parseEventLine)
  }
  await expect.poll(lines).toEqual([
    { type: 'INSTANCE', name: VRRP_INSTANCE, state: 'BACKUP', priority: first.priority },
    { type: 'INSTANCE', name: VRRP_INSTANCE, state: 'MASTER', priority: first.priority },
  ])
  keepalived.log.signal('SIGTERM')
  await keepalived.log.exited
  expect(lines().at(-1)?.state).toBe('STOP')
})
