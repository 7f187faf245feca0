/** A rule that is broken by hand: a text of the source, and what it is replaced with. */
export type Mutant = {
  readonly name: string
  readonly file: string
  /** Must be there exactly once, so that no mutant outlives the code that it breaks. */
  readonly find: string
  readonly replace: string
}
