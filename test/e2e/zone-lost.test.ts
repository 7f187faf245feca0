/** The hook while packets to EC2 vanish, as when a zone is lost; without keepalived, for only the network matters. */
import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { inNamespace } from '../../src/lab/network.ts'
import { poll } from '../../src/lab/poll.ts'
import { preload } from '../support/preload.ts'
import { requires } from '../support/requires.ts'
import { type Case, first, raise, second } from './case.ts'
import { swallowEc2, swallowRequests } from './faults.ts'

const [LOST, ALIVE] = ['10.0.0.1', '10.0.0.2']

/** Runs the second node's hook to its end. */
function hook({ cluster, network }: Case, state: string, env: NodeJS.ProcessEnv = {}) {
  const { command, env: own } = cluster.hookOf(second)
  const [program, ...values] = inNamespace(network.namespaceOf(second), [...command, 'INSTANCE', 'VI_1', state, '100'])
  return execa(program, values, { env: { ...own, ...env }, extendEnv: false, reject: false })
}

/** The environment in which the endpoint has a name with two addresses, the lost one first. */
function twoAddresses({ network }: Case): NodeJS.ProcessEnv {
  execFileSync('ip', ['-n', network.cloud, 'address', 'add', `${ALIVE}/16`, 'dev', 'br0'])
  const addresses = [LOST, ALIVE].map((address) => ({ address, family: 4 }))
  const names = preload(`
    import dns from 'node:dns'
    import { syncBuiltinESMExports } from 'node:module'
    dns.lookup = (name, options, callback) => callback(null, ${JSON.stringify(addresses)})
    syncBuiltinESMExports()`)
  return { ...names, AWS_ENDPOINT_URL: 'http://ec2.test:4599' }
}

describe.skipIf(!requires('keepalived'))('an address of EC2 is lost', { timeout: 30_000 }, () => {
  it.each([
    ['that nobody answers at', swallowEc2],
    ['that is connected to, and answers nothing', swallowRequests],
  ])('%s: the hook gets its routes from the other one, at its first try', async (_, fault) => {
    const lab = await raise()
    const env = twoAddresses(lab)
    fault(lab.network, second, LOST)
    const running = hook(lab, 'MASTER', env)
    await lab.arrival(second)
    expect((await running).exitCode).toBe(0)
    expect(lab.cluster.hookOf(second).logText()).not.toContain('trying again')
  })
})

describe.skipIf(!requires('keepalived'))('every address of EC2 is lost', { timeout: 30_000 }, () => {
  it('and the hook superseded: what the kernel holds of its writes does not arrive when the network heals', async () => {
    const lab = await raise()
    const heal = swallowRequests(lab.network, second)
    const master = hook(lab, 'MASTER')
    const { log } = lab.cluster.hookOf(second)
    // Both of a hedged pair are on their way.
    await poll('the hook hedges', 10_000, () => log().find(({ msg }) => msg.endsWith('on another connection')))
    expect((await hook(lab, 'STOP')).exitCode).toBe(0)
    expect((await master).exitCode).toBe(5)
    heal()
    // Longer than TCP waits, after what it has waited for already, until it sends again.
    await delay(4000)
    expect(await lab.writes(second)).toEqual([])
    expect(await lab.owners()).toEqual(lab.allAt(first))
  })
})
