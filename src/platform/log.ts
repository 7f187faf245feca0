/** What the code says to a log: the part of pino's that is used. */
export type Log = Readonly<Record<Level, Say>>

export type Level = 'debug' | 'info' | 'warn' | 'error'

type Say = {
  (text: string): void
  /** @param about what the line tells besides, as keys of its own */
  (about: object, text: string): void
}
