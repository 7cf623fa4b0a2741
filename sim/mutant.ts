/** A bug to plant: a piece of source that is replaced while it is loaded. Nothing on disk changes. */
export interface Mutant {
  readonly name: string
  /** Path from the checkout. */
  readonly file: string
  /** Must occur exactly once. */
  readonly find: string
  readonly replace: string
}

/** @param file path from the checkout */
export function mutant(name: string, file: string, find: string, replace: string): Mutant {
  return { name, file, find, replace }
}
