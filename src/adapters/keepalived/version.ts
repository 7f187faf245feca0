/** Versions of keepalived, such as [2, 2, 7]. */

/** Compares versions for sorting: negative if `a` is older. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  const index = b.findIndex((part, at) => (a[at] ?? 0) !== part)
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0)
}
