/** Says which settings of AWS's tools are set, but not honoured; nothing if there are none. */
import type { IgnoredSetting } from '../../../adapters/ec2/ignored-settings.ts'
import type { Finding } from '../../../core/finding.ts'
import { finding } from './fact.ts'

export function judgeSettings(ignored: readonly IgnoredSetting[]): readonly Finding[] {
  return ignored.map(({ name, instead, matters }) =>
    matters
      ? finding('aws-settings', 'warn', `${name} is ignored`, { mend: { advice: instead } })
      : finding('aws-settings', 'ok', `${name} is ignored: ${instead}`),
  )
}
