/** So many at a time, in the order of their coming. */

/**
 * Makes the one function through which calls go, `size` of them at a time: a time-out is for EC2, and begins when it is
 * a call's turn. Of those that come at once the first goes alone, and the others an event-loop turn later, all together:
 * its request is on the wire before they take processor time, and together they take less of it than one by one.
 */
export function createLimiter(size: number) {
  const waiting: (() => void)[] = []
  let running = 0
  /** One has begun in this turn of the event loop. */
  let isAlone = false

  function goAlone(): void {
    running += 1
    isAlone = true
    setImmediate(() => {
      isAlone = false
      passOn()
    })
  }

  function passOn(): void {
    while (!isAlone && running < size) {
      const next = waiting.shift()
      if (!next) return
      running += 1
      next()
    }
  }

  /** Resolves when it is the caller's turn. @throws the signal's reason at once, and then no turn ever comes */
  function turn(signal: AbortSignal): Promise<void> | undefined {
    if (running < size && !isAlone) {
      goAlone()
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
