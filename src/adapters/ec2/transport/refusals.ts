/** Recovery from rejected signatures: the credentials are no longer valid, or the time is wrong. */

/** Codes of an expired session. EC2 also answers RequestExpired when a clock is off. */
export const EXPIRED = ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired']

/**
 * Codes with which EC2, STS and DynamoDB reject credentials or the time; EC2's AuthFailure can mean either. A signature
 * mismatch can come from a credentials file that was read while being written.
 */
export const REJECTED = [
  ...EXPIRED,
  'AuthFailure',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
]

export type Refusal = {
  /** The error code. */
  readonly code: string
  /** How far this host's clock is behind the service's, in milliseconds (negative: ahead), if that was the cause. */
  readonly clockBehindMs?: number
}

/** @returns whether resending the call is worthwhile; @throws why not yet */
type Recovery = () => Promise<boolean>
const recoveries = new WeakMap<Error, Recovery>()
const permanent = new WeakSet<Error>()

/** Registers how to recover from the error of a call. */
export function setRecovery(error: Error, recover: Recovery): void {
  recoveries.set(error, recover)
}

/**
 * Recovers from a rejected signature.
 * @returns whether resending the call is worthwhile
 * @throws why recovery failed
 */
export async function recover(error: unknown): Promise<boolean> {
  return error instanceof Error ? ((await recoveries.get(error)?.()) ?? false) : false
}

/** Marks the error as permanent: this process cannot get other credentials. */
export function markPermanent(error: Error): void {
  permanent.add(error)
}

export function isPermanent(error: unknown): boolean {
  return error instanceof Error && permanent.has(error)
}

/**
 * Whether the SDK has learnt from the response that this host's clock is off; the next call is signed with the
 * service's time.
 */
export function isSkewCorrected(error: Error): boolean {
  const isCorrected = Reflect.get(Object(Reflect.get(error, '$metadata')), 'clockSkewCorrected') === true
  return isCorrected && REJECTED.includes(error.name)
}
