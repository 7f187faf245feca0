/** AWS partitions. ARNs and DNS names differ between them. */

export type Partition = {
  /** As in its ARNs. */
  readonly id: string
  readonly dnsSuffix: string
  /** The form of its regions' names, including those that AWS has yet to open. */
  readonly regions: RegExp
}

/** As in the SDK's partitions data, with which a test compares them. */
export const PARTITIONS: readonly Partition[] = [
  { id: 'aws', dnsSuffix: 'amazonaws.com', regions: /^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/ },
  { id: 'aws-cn', dnsSuffix: 'amazonaws.com.cn', regions: /^cn-\w+-\d+$/ },
  { id: 'aws-eusc', dnsSuffix: 'amazonaws.eu', regions: /^eusc-(de)-\w+-\d+$/ },
  { id: 'aws-iso', dnsSuffix: 'c2s.ic.gov', regions: /^us-iso-\w+-\d+$/ },
  { id: 'aws-iso-b', dnsSuffix: 'sc2s.sgov.gov', regions: /^us-isob-\w+-\d+$/ },
  { id: 'aws-iso-e', dnsSuffix: 'cloud.adc-e.uk', regions: /^eu-isoe-\w+-\d+$/ },
  { id: 'aws-iso-f', dnsSuffix: 'csp.hci.ic.gov', regions: /^us-isof-\w+-\d+$/ },
  { id: 'aws-us-gov', dnsSuffix: 'amazonaws.com', regions: /^us-gov-\w+-\d+$/ },
]

/** The partition of a region, whether or not the region exists; undefined if no partition has names of this form. */
export function partitionOf(region: string): Partition | undefined {
  return PARTITIONS.find(({ regions }) => regions.test(region))
}

/** The name of EC2's interface endpoint service, which begins with the DNS suffix in reverse. */
export function endpointService(region: string): string {
  const { dnsSuffix } = partitionOf(region) ?? { dnsSuffix: 'amazonaws.com' }
  return `${dnsSuffix.split('.').reverse().join('.')}.${region}.ec2`
}
