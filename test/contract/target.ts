import type { EC2Client, EC2ServiceException } from '@aws-sdk/client-ec2'
import { EC2ServiceException as ServiceException } from '@aws-sdk/client-ec2'

/** What a target holds before a behaviour is tried on it. */
export interface Fixture {
  vpcId: string
  /** 10.0.1.0/24 and 10.0.2.0/24 in the VPC 10.0.0.0/16, in two zones. */
  subnetIds: [string, string]
  /** An instance in each subnet, with one interface; tagged Name=node-1 and Name=node-2. */
  instanceIds: [string, string]
  interfaceIds: [string, string]
  /** A running instance with two interfaces, and one more with a single one that is for stopping. */
  twoInterfaces: string
  stoppable: { instanceId: string; interfaceId: string }
  /** A table of the VPC, and six more, tagged role=private. */
  tableId: string
  tableIds: string[]
  gatewayId: string
  prefixListId: string
  /** In a VPC of its own. */
  foreignInterfaceId: string
}

/** A running target. */
export interface Target {
  client: EC2Client
  fixture: Fixture
  stopInstance: (instanceId: string) => Promise<void>
  close: () => Promise<void>
}

/** One thing that EC2 does. `moto` says where moto's server does something else: EC2's documentation decides. */
export interface Behaviour {
  name: string
  ec2: (target: Target) => Promise<void>
  moto?: { why: string; does: (target: Target) => Promise<void> }
}

/** The error that a call is answered with. Throws if it is answered otherwise. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ code: string; message: string; status: number | undefined }> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isServiceException(error)) throw new Error(`expected a refusal, got ${error ?? 'success'}`)
  return { code: error.name, message: error.message, status: error.$metadata.httpStatusCode }
}

function isServiceException(error: unknown): error is EC2ServiceException {
  return error instanceof ServiceException
}
