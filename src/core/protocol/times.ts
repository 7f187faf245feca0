/** Times that several parts of the protocol go by. Milliseconds. */

/** Outside an edge, a read that shows the old target so soon after our own write is stale. */
export const SETTLE = 3000
/** From a publish that failed to the next; twice as long after each that fails again. */
export const PUBLISH_BACKOFF = 500
/** From a failed read on which something hangs to the next; doubles with each that fails again. */
export const READ_BACKOFF = 500
/** Looks at what was written. */
export const LOOKS = [1000, 3000]
/** From one claim of a node to the next, where there is no end of them; the first change and the next are told at once. */
export const PUBLISH_SPACING = 1000
