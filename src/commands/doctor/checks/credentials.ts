/** Checks whether EC2 can be reached at all, and whether our clocks agree. */

import type { Ec2 } from '../../../adapters/ec2/client.ts'
import { watchEndpoint } from '../../../adapters/ec2/endpoint.ts'
import { Ec2Error } from '../../../adapters/ec2/errors.ts'
import { rehearse } from '../../../adapters/ec2/operations/dry-run.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import { literally } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { deadline } from '../../../platform/clock.ts'
import { type Fact, finding, learn, retryQuietly } from './fact.ts'

/** EC2 rejects signatures that are off by more ("Signature Version 4", five minutes). */
const EXPIRY_MS = 300_000
/** Time limit for any answer, since a person is waiting. */
const PATIENCE_MS = 5000
/** A `Date` header has whole seconds, and a response takes time. */
const USUAL_MS = 5000

/** @property proxy between this host and EC2, as its URL */
export type Contact = { readonly region: string; readonly proxy: string | undefined }

/** Makes the simplest possible call; a denial also counts as an answer. */
export function contact(ec2: Ec2, context: CallContext): Promise<Fact<Contact>> {
  return learn(async () => {
    const endpoint = watchEndpoint(ec2.own)
    try {
      await retryQuietly((signal) => rehearse(ec2, { action: 'DescribeNetworkInterfaces' }, signal), {
        ...context,
        signal: deadline(PATIENCE_MS),
      })
    } catch (error) {
      if (!(error instanceof Ec2Error && error.code === 'UnauthorizedOperation')) throw error
    }
    const to = endpoint()
    return { region: ec2.region, proxy: to && ec2.connections.proxyFor(to)?.text }
  })
}

export function judgeContact(contacted: Fact<Contact>): readonly Finding[] {
  if (contacted.known) {
    const { region, proxy } = contacted.value
    return [finding('credentials', 'ok', `EC2 answers in ${region}${proxy ? `, through the proxy ${proxy}` : ''}`)]
  }
  return [finding('credentials', 'fail', contacted.why)]
}

/** @param aheadMs how far this host's clock is ahead of EC2's */
export function judgeClock(aheadMs: number | undefined): readonly Finding[] {
  if (aheadMs === undefined) return [finding('clock', 'unknown', 'EC2 did not report its time')]
  const off = Math.abs(aheadMs)
  if (off < USUAL_MS) return [finding('clock', 'ok', 'in sync with EC2’s')]
  const found = `${Math.round(off / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} EC2’s`
  const consequence =
    off < EXPIRY_MS ? 'times in logs and claims are misleading' : 'EC2 rejects requests signed with it'
  return [
    finding('clock', off < EXPIRY_MS ? 'warn' : 'fail', `${found}: ${consequence}`, {
      mend: { command: literally('sudo timedatectl set-ntp true') },
    }),
  ]
}
