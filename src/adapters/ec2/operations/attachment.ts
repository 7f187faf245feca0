/** Whether an interface carries traffic: it must be attached to an instance, and that must run. */
import type { InstanceState, NetworkInterfaceAttachment } from '@aws-sdk/client-ec2'
import { type InstanceId, isInstanceId } from '../../../core/ids.ts'

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterfaceAttachment.html */
const LEAVING: readonly (string | undefined)[] = ['detaching', 'detached']

/** The instance that an interface is attached to; undefined if it has none, or is leaving it. */
export function holderOf(attachment: NetworkInterfaceAttachment | undefined): InstanceId | undefined {
  const instance = attachment?.InstanceId ?? ''
  return isInstanceId(instance) && !LEAVING.includes(attachment?.Status) ? instance : undefined
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
const RUNNING: readonly (string | undefined)[] = ['pending', 'running']
const DOWN: readonly (string | undefined)[] = ['shutting-down', 'terminated', 'stopping', 'stopped']

/** Whether an instance in this state carries traffic; undefined if the state does not tell. */
export function isRunning({ Name }: InstanceState = {}): boolean | undefined {
  if (RUNNING.includes(Name)) return true
  return DOWN.includes(Name) ? false : undefined
}
