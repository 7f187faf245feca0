/** A log that says what the ids in its lines stand for. */
import type { Level, Log } from '../../platform/log.ts'

/** The same log, each text as `explain` says it. */
export function explainingLog(log: Log, explain: (text: string) => string): Log {
  const saying = (level: Level): Log[Level] => {
    const say = (about: string | object, words = ''): void => {
      if (typeof about === 'string') log[level](explain(about))
      else log[level](about, explain(words))
    }
    return say
  }
  return { debug: saying('debug'), info: saying('info'), warn: saying('warn'), error: saying('error') }
}
