/** Safe fixes: turns off the source/dest check of a node's interface. */

import type { Ec2 } from '../../adapters/ec2/client.ts'
import { readInterfaces, turnOffSourceDestCheck } from '../../adapters/ec2/operations/members.ts'
import { type CallContext, retryWithLogging } from '../../agent/node/route-port.ts'
import { CHECKS, type Finding } from '../../core/finding.ts'
import type { EniId } from '../../core/ids.ts'
import { messageOf } from '../../platform/errors.ts'
import { finding } from './checks/fact.ts'

export type Fix = { readonly finding: Finding; readonly eni: EniId }

/** The findings that `--fix` can fix. */
export function fixesOf(findings: readonly Finding[]): readonly Fix[] {
  return findings.flatMap((each) => (each.fixes ? [{ finding: each, eni: each.fixes }] : []))
}

/** The confirmation question. */
export function fixText({ finding: { check, subject }, eni }: Fix): string {
  return `Turn off the ${CHECKS[check].title} of ${eni}${subject ? ` (${subject})` : ''}`
}

/** Applies the fix and verifies it. Returns the new finding; never rejects. */
export async function fix(ec2: Ec2, { finding: before, eni }: Fix, context: CallContext): Promise<Finding> {
  const { check, subject, mend } = before
  try {
    await retryWithLogging((signal) => turnOffSourceDestCheck(ec2, eni, signal), context)
    const [now] = await retryWithLogging((signal) => readInterfaces(ec2, [eni], signal), context)
    if (now && !now.sourceDestCheck) return finding(check, 'ok', `turned off on ${eni}`, { subject })
    return finding(check, 'fail', `EC2 accepted the change on ${eni}, but still reports it as on`, { subject, mend })
  } catch (error) {
    return finding(check, 'fail', `${before.found}; ${messageOf(error)}`, { subject, mend })
  }
}
