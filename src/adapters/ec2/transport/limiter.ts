/** A FIFO concurrency limiter. */

/**
 * Returns a function that runs calls, `size` at a time, so that a call's timeout starts only when it is sent. Of calls
 * made together, the first starts alone and the rest one event-loop turn later: the first request is on the wire before
 * they use CPU time, and together they use less than one by one.
 */
export function limitConcurrency(size: number) {
  const waiting: (() => void)[] = []
  let running = 0
  /** A call has started in this event-loop turn. */
  let hasStarted = false

  function startAlone(): void {
    running += 1
    hasStarted = true
    setImmediate(() => {
      hasStarted = false
      startNext()
    })
  }

  function startNext(): void {
    while (!hasStarted && running < size) {
      const next = waiting.shift()
      if (!next) return
      running += 1
      next()
    }
  }

  /**
   * Resolves when a slot is free. @throws the signal's reason as soon as it is aborted, giving up the place in the
   * queue
   */
  function turn(signal: AbortSignal): Promise<void> | undefined {
    if (running < size && !hasStarted) {
      startAlone()
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

  /** @throws what the call throws; the signal's reason, without making the call, if it is aborted first */
  return async function limited<Value>(call: () => Promise<Value>, signal: AbortSignal): Promise<Value> {
    signal.throwIfAborted()
    await turn(signal)
    try {
      signal.throwIfAborted()
      return await call()
    } finally {
      running -= 1
      startNext()
    }
  }
}
