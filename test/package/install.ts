/** The .deb on machines without Node: what the README says, done as it says it, with the real systemd and keepalived. */
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodes } from '../../src/lab/scene.ts'
import { deafen } from '../e2e/faults.ts'
import { type Base, installBase } from './container.ts'
import { built } from './debs.ts'
import { bootPair, isWell, setUp } from './pair.ts'

const deb = built('.deb')

describe.each(['bookworm', 'trixie'])('on Debian %s', (suite) => {
  let base: Base
  beforeAll(async () => {
    base = await installBase(suite)
  })
  afterAll(() => base.remove())

  test('five commands a node lead to a pair that fails over and settles a split brain', async () => {
    const pair = await bootPair(base, deb)
    const [one, two] = pair.machines
    expect((await one.attempt('command -v node nodejs')).exitCode).not.toBe(0)
    const began = Date.now()
    await setUp(pair, basename(deb))
    await expect.poll(pair.owners).toEqual(['db-1'])
    for (const machine of [one, two]) await isWell(machine)
    const keepalived = (await one.run('keepalived --version 2>&1')).split('\n', 1)[0]
    process.stdout.write(`  ${suite}, ${keepalived}: from the package to a working pair in ${Date.now() - began} ms\n`)

    expect(await one.run('ip address show dev lo')).toContain('10.99.0.10/32')

    await one.run('systemctl stop keepalived')
    await expect.poll(pair.owners).toEqual(['db-2'])
    await one.run('systemctl start keepalived')
    await expect.poll(pair.owners).toEqual(['db-1'])

    const hears = deafen(pair.network, nodes[1])
    const status = async () => (await two.attempt('vip-switch status')).stdout
    await expect.poll(status).toContain('SPLIT-BRAIN')
    await expect.poll(pair.owners).toEqual(['db-1'])
    hears()
    await expect.poll(status).toMatch(/^VI_1 +OK$/m)
    expect(await pair.owners()).toEqual(['db-1'])
    for (const machine of [one, two]) expect(await machine.run('systemctl --failed --no-legend')).toBe('')
  })

  test('without a config, nothing runs and nothing has failed', async () => {
    const {
      machines: [machine],
    } = await bootPair(base, deb)
    await machine.run(`apt-get install --yes ./${basename(deb)}`)
    expect(await machine.run('vip-switch version')).toMatch(/^vip-switch \d+\.\d+\.\d+ \(\w+(-dirty)?\)\nnode v\d+/)
    expect(await machine.run('id --name --user keepalived_script')).toBe('keepalived_script')
    expect(await machine.run('man --where vip-switch')).toMatch(/vip-switch\.1\.gz$/)
    expect(await machine.run('systemctl is-enabled vip-switch')).toBe('enabled')
    expect((await machine.attempt('systemctl is-active vip-switch')).stdout).toBe('inactive')
    expect(await machine.run('systemctl --failed --no-legend')).toBe('')
    expect(await machine.run('ls /usr/lib/vip-switch/dist')).toContain('hook.cjs.cache')
  })
})
