/** Interfaces that drop traffic for a VIP, as it is not their own address. */
import type { Claim } from './claim.ts'
import type { Detail } from './detail.ts'
import type { EniId } from './ids.ts'

/**
 * One detail per node that could not carry the VIPs; void nodes are left out. Source:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
 * @param checked interfaces whose source/dest check is on
 */
export function sourceDestChecks(
  claims: readonly { readonly claim: Claim; readonly isUnreachable: boolean }[],
  checked: ReadonlySet<EniId>,
): Detail[] {
  return claims
    .filter(({ claim, isUnreachable }) => !isUnreachable && checked.has(claim.eni))
    .map(({ claim }) => ({
      kind: 'source-dest-check',
      message: `${claim.eni} drops traffic for the VIPs: its source/dest check is on`,
      hint: 'turn it off: vip-switch doctor --fix',
    }))
}
