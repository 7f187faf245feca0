/** A pair in IPv6-only subnets: nodes, keepalived, IMDS and EC2's endpoint have no IPv4 address. */
import { describe, expect, it } from 'vitest'
import { requires } from '../support/requires.ts'
import { first, raise, second } from './case.ts'
import { raiseWithDaemons } from './daemon-case.ts'
import { deafen } from './faults.ts'

const family = 'ipv6'

describe.skipIf(!requires('keepalived'))('a pair without IPv4', { timeout: 60_000 }, () => {
  it('fails over by hooks, and each publishes its IPv6 address', async () => {
    const lab = await raise({ family })
    await lab.bothUp()
    await lab.cluster.keepalivedOf(first).kill()
    await lab.arrival(second)
    const published = (await lab.cluster.control.requests()).filter(({ action }) => action === 'CreateTags')
    const values = published.flatMap(({ params }) => Object.values(params))
    for (const { ipv6 } of [first, second]) expect(values).toContainEqual(expect.stringContaining(ipv6))
  })

  it('ends a split brain by daemons', async () => {
    const lab = await raiseWithDaemons({ family })
    await lab.bothDaemonsUp()
    const parted = Date.now()
    const hears = deafen(lab.network, second)
    await lab.says(second, { state: 'MASTER' })
    await lab.firstWrite(second, parted)
    await lab.restored(first, parted)
    hears()
    await lab.says(second, { state: 'BACKUP', condition: 'OK' })
    await lab.arrival(first)
  })
})
