/**
 * Something an expression did wrong, before it is turned into an `ExpressionError`. `&&`, `||`, `all` and
 * `exists` may absorb it, as CEL asks.
 */
export class ExpressionFault extends Error {
  /** Character offset in the expression's text. */
  readonly offset: number
  readonly hint: string | null

  constructor(message: string, offset: number, hint: string | null = null) {
    super(message)
    this.offset = offset
    this.hint = hint
  }
}

/** A limit that an evaluation passed. Nothing absorbs it; it becomes an `ExpressionLimitError`. */
export class LimitFault extends Error {
  readonly limit: string
  readonly max: number
  readonly offset: number

  constructor(message: string, limit: { name: string; max: number }, offset: number) {
    super(message)
    this.limit = limit.name
    this.max = limit.max
    this.offset = offset
  }
}
