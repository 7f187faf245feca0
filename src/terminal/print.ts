/**
 * The one way to stdout and stderr. What goes there is either for people, and then every string that a renderer is given is
 * made visible first (core/visible.ts), so that escape sequences are the renderer's own; or for programs, and exact.
 */
import { visible, visibleJson } from '../core/visible.ts'

/** Text that may be printed: made by one of the functions below, and by nothing else. */
export type Printable = string & { readonly printable: true }

type Stream = { write(text: string): unknown }

/** Prints lines. */
export function print(text: Printable, stream: Stream = process.stdout): void {
  stream.write(`${text}\n`)
}

/** A reader that has seen enough (`| head`) ends neither a switch nor its exit code. */
export function keepGoing(): void {
  process.stdout.on('error', () => {})
}

/** Resolves once all that was printed has gone out: a pipe takes 64 KiB at once. */
export async function flushed(): Promise<void> {
  await new Promise((resolve) => process.stdout.write('', resolve))
}

/**
 * A renderer for people, which finds every string in its arguments made visible: in records, lists, maps and sets, as deep
 * as they go. It measures what will be seen, and a line break is its own.
 */
export function forPeople<Values extends readonly unknown[]>(
  render: (...values: Values) => string,
): (...values: Values) => Printable {
  return (...values) => render(...visibleIn(values)) as Printable
}

/** A line for people. */
export const aLine = forPeople((text: string) => text)

/** A JSON document: exact for whatever parses it, and without effect on a terminal. */
export function asJson(value: unknown): Printable {
  return visibleJson(JSON.stringify(value, null, 2)) as Printable
}

/** What a program reads, such as a config file, a script or metrics. Nothing in it may be a stranger's words. */
export function asIs(text: string): Printable {
  return text as Printable
}

/** The same value with every string in it made visible. What was one object is one in the copy, too. */
export function visibleIn<Value>(value: Value): Value {
  return copied(value, new Map()) as Value // Of the same shape: strings become strings, and nothing else changes.
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
