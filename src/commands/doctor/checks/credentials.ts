/** Whether EC2 can be asked at all, and whether its clock is ours. */

import type { Ec2 } from '../../../adapters/ec2/client.ts'
import { Ec2Error } from '../../../adapters/ec2/errors.ts'
import { rehearse } from '../../../adapters/ec2/operations/rehearsal.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import { literally } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { deadline } from '../../../platform/clock.ts'
import { type Fact, finding, learn, retryQuietly } from './fact.ts'

/** EC2 signs nothing that is further off ("Signature Version 4", five minutes). */
const EXPIRY_MS = 300_000
/** For an answer of any kind: a person waits. */
const PATIENCE_MS = 5000
/** A `Date` has whole seconds, and an answer takes its time. */
const USUAL_MS = 5000

/** Asks EC2 for the least that there is; a refusal for want of permission is an answer, too. */
export function contact(ec2: Ec2, context: CallContext): Promise<Fact<{ readonly region: string }>> {
  return learn(async () => {
    try {
      await retryQuietly((signal) => rehearse(ec2, { action: 'DescribeNetworkInterfaces' }, signal), {
        ...context,
        signal: deadline(PATIENCE_MS),
      })
    } catch (error) {
      if (!(error instanceof Ec2Error && error.code === 'UnauthorizedOperation')) throw error
    }
    return { region: ec2.region }
  })
}

export function judgeContact(contacted: Fact<{ readonly region: string }>): readonly Finding[] {
  if (contacted.known) return [finding('credentials', 'ok', `EC2 answers in ${contacted.value.region}`)]
  return [finding('credentials', 'fail', contacted.why)]
}

/** @param aheadMs how far this host's clock is before that of EC2 */
export function judgeClock(aheadMs: number | undefined): readonly Finding[] {
  if (aheadMs === undefined) return [finding('clock', 'unknown', 'EC2 did not tell its time')]
  const off = Math.abs(aheadMs)
  if (off < USUAL_MS) return [finding('clock', 'ok', 'as EC2’s')]
  const found = `${Math.round(off / 1000)} s ${aheadMs > 0 ? 'before' : 'behind'} EC2’s`
  const consequence = off < EXPIRY_MS ? 'times in logs and claims mislead' : 'EC2 refuses what is signed with it'
  return [
    finding('clock', off < EXPIRY_MS ? 'warn' : 'fail', `${found}: ${consequence}`, {
      mend: { command: literally('sudo timedatectl set-ntp true') },
    }),
  ]
}
