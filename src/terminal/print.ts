/**
 * The only way to print. Output is either for people, with every string made printable before rendering
 * (core/visible.ts) so that only the renderer emits escape sequences; or for programs, and exact.
 */
import { visible, visibleJson } from '../core/visible.ts'

/** Text that is safe to print; only the functions below create it. */
export type Printable = string & { readonly printable: true }

type Stream = { write(text: string): unknown }

/** Prints lines. */
export function print(text: Printable, stream: Stream = process.stdout): void {
  stream.write(`${text}\n`)
}

/** Ignores a closed stdout (`| head`), which must affect neither a switch nor its exit code. */
export function keepGoing(): void {
  process.stdout.on('error', () => {})
}

/** Resolves once all output is flushed: a pipe only takes 64 KiB at once. */
export async function flushed(): Promise<void> {
  await new Promise((resolve) => process.stdout.write('', resolve))
}

/**
 * Wraps a renderer for people: all strings in its arguments are made printable first, at any depth in records, arrays,
 * maps and sets. So the renderer measures what will be seen, and any line break is its own.
 */
export function forPeople<Values extends readonly unknown[]>(
  render: (...values: Values) => string,
): (...values: Values) => Printable {
  return (...values) => render(...visibleIn(values)) as Printable
}

/** A line for people. */
export const aLine = forPeople((text: string) => text)

/** A JSON document: exact for parsers, harmless on a terminal. */
export function asJson(value: unknown): Printable {
  return visibleJson(JSON.stringify(value, null, 2)) as Printable
}

/** Text for programs, such as a config file, a script or metrics. It must contain no untrusted text. */
export function asIs(text: string): Printable {
  return text as Printable
}

/** A copy of the value with every string made printable. Shared objects stay shared. */
export function visibleIn<Value>(value: Value): Value {
  return copied(value, new Map()) as Value // The shape stays: only strings change.
}

function copied(value: unknown, known: Map<unknown, unknown>): unknown {
  if (typeof value === 'string') return visible(value)
  if (typeof value !== 'object' || value === null) return value
  const copy = known.get(value) ?? copiedObject(value, (each) => copied(each, known))
  known.set(value, copy)
  return copy
}

function copiedObject(value: object, copy: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  if (value instanceof Map) return new Map(Array.from(value, ([key, each]) => [copy(key), copy(each)]))
  if (value instanceof Set) return new Set(Array.from(value, copy))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [copy(key), copy(each)]))
}
