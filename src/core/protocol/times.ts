/** Times shared by several parts of the protocol, in milliseconds. */

/** Outside an edge, a read that shows the old target this soon after our own write is stale. */
export const SETTLE = 3000
/** Pause after a failed publish; doubles with each further failure. */
export const PUBLISH_BACKOFF = 500
/** Pause after a failed read on which something depends; doubles with each further failure. */
export const READ_BACKOFF = 500
/** When to look at the routes after a write. */
export const LOOKS = [1000, 3000]
/** Time between a node's claims when they keep coming; the first two changes are published at once. */
export const PUBLISH_SPACING = 1000
