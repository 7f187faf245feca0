/** Answers that refuse a call for its signature: its credentials are no longer good, or its time is wrong. */

/** The session is over. EC2 also says RequestExpired where a clock is off. */
export const EXPIRED = ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired']

/**
 * By which EC2, STS and DynamoDB refuse credentials, or the time: AuthFailure is EC2's for either. A signature that does not
 * match may be of a file that was read while it was written.
 */
export const REFUSED = [
  ...EXPIRED,
  'AuthFailure',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
]

export type Refusal = {
  /** The error's code. */
  readonly code: string
  /** Milliseconds by which this host's clock is behind the service's; negative: ahead of it. Undefined: it was not that. */
  readonly clockBehindMs?: number
}

/** @returns whether it is worth sending the call again; @throws why not yet */
type Mend = () => Promise<boolean>
const mends = new WeakMap<Error, Mend>()
const hopeless = new WeakSet<Error>()

/** Notes how what a call ended with may be mended. */
export function noteMend(error: Error, mend: Mend): void {
  mends.set(error, mend)
}

/**
 * Mends what is amiss with the signature of a call that ended with this error.
 * @returns whether it is worth sending it again
 * @throws why that could not be mended
 */
export async function isMended(error: unknown): Promise<boolean> {
  return error instanceof Error ? ((await mends.get(error)?.()) ?? false) : false
}

/** Notes that the credentials stay as they are for as long as the process lives. */
export function giveUp(error: Error): void {
  hopeless.add(error)
}

export function isHopeless(error: unknown): boolean {
  return error instanceof Error && hopeless.has(error)
}

/** Whether the SDK has learnt from the answer that its clock is off; the next call is signed by the service's. */
export function isSkewCorrected(error: Error): boolean {
  const isNoted = Reflect.get(Object(Reflect.get(error, '$metadata')), 'clockSkewCorrected') === true
  return isNoted && REFUSED.includes(error.name)
}
