/** So many at a time, in the order of their coming. */

/**
 * Makes the one function through which calls go, `size` of them at a time: a time-out is for EC2, and begins when it is
 * a call's turn. One call begins in each turn of the event loop, so that its request is on the wire before the next one
 * takes processor time; and an event that says to stop is heard between two of them.
 */
export function takeTurns(size: number) {
  const waiting: (() => void)[] = []
  let running = 0
  let hasBegun = false

  function begin(): void {
    running += 1
    hasBegun = true
    setImmediate(() => {
      hasBegun = false
      passOn()
    })
  }

  function passOn(): void {
    if (hasBegun || running === size) return
    const next = waiting.shift()
    if (!next) return
    begin()
    next()
  }

  /** Resolves when it is the caller's turn. @throws the signal's reason at once, and then no turn ever comes */
  function turn(signal: AbortSignal): Promise<void> | undefined {
    if (running < size && !hasBegun) {
      begin()
      return undefined
    }
    return new Promise((resolve, reject) => {
      const take = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.splice(waiting.indexOf(take), 1)
        reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      waiting.push(take)
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
      running -= 1
      passOn()
    }
  }
}
