/** The logger interface: the part of pino's that we use. */
export type Log = Readonly<Record<Level, Say>>

export type Level = 'debug' | 'info' | 'warn' | 'error'

type Say = {
  (text: string): void
  /** @param about further fields of the line */
  (about: object, text: string): void
}
