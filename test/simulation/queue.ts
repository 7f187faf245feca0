/** What is to happen, in order of its time; at the same time, in the order in which it was put there. */
export type Scheduled = { readonly at: number; readonly order: number; readonly run: () => void }

/** A binary heap: a simulated run puts and takes hundreds of thousands of these. */
export class Queue {
  readonly #heap: Scheduled[] = []
  #order = 0

  put(at: number, run: () => void): void {
    const heap = this.#heap
    const added = { at, order: this.#order++, run }
    let index = heap.length
    heap.push(added)
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex]
      if (!parent || isBefore(parent, added)) break
      heap[index] = parent
      index = parentIndex
    }
    heap[index] = added
  }

  /** Takes what is next, unless that is later than `end`. */
  take(end: number): Scheduled | undefined {
    const heap = this.#heap
    const [first] = heap
    if (!first || first.at > end) return undefined
    const last = heap.pop()
    if (last && heap.length > 0) this.#sink(last)
    return first
  }

  #sink(sinking: Scheduled): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]]
      if (!left) break
      const isRight = right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (isBefore(sinking, child)) break
      heap[index] = child
      index = 2 * index + (isRight ? 2 : 1)
    }
    heap[index] = sinking
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
