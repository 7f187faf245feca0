/** Known and unknown facts: unknown is not "no". */

import type { Ec2Error } from '../../../adapters/ec2/errors.ts'
import { retry } from '../../../adapters/ec2/transport/retry.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import type { Check, Finding, Mend, Verdict } from '../../../core/finding.ts'
import type { EniId } from '../../../core/ids.ts'
import { Failure, messageOf } from '../../../platform/errors.ts'

/** A fact, or why it is unknown. */
export type Fact<Value> =
  | { readonly known: true; readonly value: Value }
  | { readonly known: false; readonly why: string }

export function known<Value>(value: Value): Fact<Value> {
  return { known: true, value }
}

export function unknown(why: string): { readonly known: false; readonly why: string } {
  return { known: false, why }
}

/** The fact's value, if known. */
export function ifKnown<Value>(fact: Fact<Value>): Value | undefined {
  return fact.known ? fact.value : undefined
}

/** Returns the result of `read` as a fact; unknown if it throws. */
export async function learn<Value>(read: () => Value | Promise<Value>): Promise<Fact<Value>> {
  try {
    return known(await read())
  } catch (error) {
    return unknown(reasonOf(error))
  }
}

/** The same for a call to EC2. */
export function learnFromEc2<Value>(
  call: (signal: AbortSignal) => Promise<Value>,
  context: CallContext,
): Promise<Fact<Value>> {
  return learn(() => retryQuietly(call, context))
}

/**
 * Retries a call for as long as it is wanted and a retry may help.
 * @param isPermanent whether to report an error immediately
 * @throws the call's error
 */
export function retryQuietly<Value>(
  call: (signal: AbortSignal) => Promise<Value>,
  context: CallContext,
  isPermanent: (error: Ec2Error) => boolean = () => false,
): Promise<Value> {
  return retry(call, {
    ...context,
    random: Math.random,
    onRetry(error) {
      if (isPermanent(error)) throw error
    },
  })
}

/** What was tried, the error, and the likely remedy. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error)
  return error instanceof Failure && error.hint ? `${message}; ${error.hint}` : message
}

/** Combines two facts; unknown if either is. */
export function both<A, B>(a: Fact<A>, b: Fact<B>): Fact<readonly [A, B]> {
  if (!a.known) return a
  return b.known ? known([a.value, b.value]) : b
}

type Rest = { readonly subject?: string | undefined; readonly mend?: Mend | undefined; readonly fixes?: EniId }

export function finding(check: Check, verdict: Verdict, found: string, { subject, mend, fixes }: Rest = {}): Finding {
  return { check, subject, verdict, found, mend, fixes }
}

/** Judges a known fact; an unknown one becomes an `unknown` finding with the reason. */
export function given<Value>(
  check: Check,
  subject: string | undefined,
  fact: Fact<Value>,
  judge: (value: Value) => readonly Finding[],
): readonly Finding[] {
  return fact.known ? judge(fact.value) : [finding(check, 'unknown', fact.why, { subject })]
}
