/**
 * A call of the AWS CLI that says all that it needs, for it is pasted on another machine, whose region may be another.
 * @param region `…` where it is not known
 */
export function ec2Command(words: string, region = '…'): string {
  return `aws ec2 ${words} --region ${region}`
}
