/** Times that several parts of the protocol go by. Milliseconds. */

/** Outside an edge, a read that shows the old target so soon after our own write is stale. */
export const SETTLE = 3000
/** Looks at what was written. */
export const LOOKS = [1000, 3000]
