/** So many at a time, in the order of their coming. */

/**
 * Makes the one function through which calls go, `size` of them at a time: a time-out is for EC2, and begins when it is
 * a call's turn.
 */
export function takeTurns(size: number) {
  const waiting: (() => void)[] = []
  let running = 0

  /** Resolves when it is the caller's turn. @throws the signal's reason at once, and then no turn ever comes */
  function turn(signal: AbortSignal): Promise<void> | undefined {
    if (running < size) {
      running += 1
      return undefined
    }
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.splice(waiting.indexOf(begin), 1)
        reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      waiting.push(begin)
    })
  }

  /** @throws what the call throws; the signal's reason, and nothing is called, when it is aborted before its turn */
  return async function inTurn<Value>(call: () => Promise<Value>, signal: AbortSignal): Promise<Value> {
    signal.throwIfAborted()
    await turn(signal)
    try {
      signal.throwIfAborted()
      return await call()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
