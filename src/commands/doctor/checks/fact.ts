/** What was looked at, and what could not be: unknown is not "no". */

import type { Ec2Error } from '../../../adapters/ec2/errors.ts'
import { retry } from '../../../adapters/ec2/transport/retry.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import type { Check, Finding, Mend, Verdict } from '../../../core/finding.ts'
import type { EniId } from '../../../core/ids.ts'
import { Failure, messageOf } from '../../../platform/errors.ts'

/** Something that was read, or why it could not be. */
export type Fact<Value> =
  | { readonly known: true; readonly value: Value }
  | { readonly known: false; readonly why: string }

export function known<Value>(value: Value): Fact<Value> {
  return { known: true, value }
}

export function notKnown(why: string): { readonly known: false; readonly why: string } {
  return { known: false, why }
}

/** Undefined where it is not known. */
export function ifKnown<Value>(fact: Fact<Value>): Value | undefined {
  return fact.known ? fact.value : undefined
}

/** What `read` resolves to; why it is not known where it throws. */
export async function learn<Value>(read: () => Value | Promise<Value>): Promise<Fact<Value>> {
  try {
    return known(await read())
  } catch (error) {
    return notKnown(whyOf(error))
  }
}

/** The same of a call to EC2. */
export function learnFromEc2<Value>(
  call: (signal: AbortSignal) => Promise<Value>,
  context: CallContext,
): Promise<Fact<Value>> {
  return learn(() => retryQuietly(call, context))
}

/**
 * Tries a call again for as long as it is wanted and that may help.
 * @param isPermanent whether an error is told at once: a hook waits for credentials that IMDS may give in a moment, but
 * here, that it gives none is the finding
 * @throws its error
 */
export function retryQuietly<Value>(
  call: (signal: AbortSignal) => Promise<Value>,
  context: CallContext,
  isPermanent = (error: Ec2Error) => error.code === 'CredentialsProviderError',
): Promise<Value> {
  return retry(call, {
    ...context,
    random: Math.random,
    onRetry(error) {
      if (isPermanent(error)) throw error
    },
  })
}

/** What was tried, what came of it, and what is likely to help. */
export function whyOf(error: unknown): string {
  const message = messageOf(error)
  return error instanceof Failure && error.hint ? `${message}; ${error.hint}` : message
}

/** Both of them; where either is not known, why. */
export function both<A, B>(a: Fact<A>, b: Fact<B>): Fact<readonly [A, B]> {
  if (!a.known) return a
  return b.known ? known([a.value, b.value]) : b
}

type Rest = { readonly subject?: string | undefined; readonly mend?: Mend | undefined; readonly fixes?: EniId }

export function finding(check: Check, verdict: Verdict, found: string, { subject, mend, fixes }: Rest = {}): Finding {
  return { check, subject, verdict, found, mend, fixes }
}

/** What `judge` finds in it; where it is not known, that, and why. */
export function given<Value>(
  check: Check,
  subject: string | undefined,
  fact: Fact<Value>,
  judge: (value: Value) => readonly Finding[],
): readonly Finding[] {
  return fact.known ? judge(fact.value) : [finding(check, 'unknown', fact.why, { subject })]
}
