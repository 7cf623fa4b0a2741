/**
 * A text as a vector of unit length; a text in which the embedder finds nothing is the zero vector.
 * `sparse`: `values[n]` lies at `indices[n]`, the indices ascend without repeats, the rest is zero.
 */
export type Embedding =
  | { readonly kind: 'sparse'; readonly indices: Uint32Array; readonly values: Float32Array }
  | { readonly kind: 'dense'; readonly values: Float32Array }

/** Turns texts into vectors whose angle says how alike the texts are. The same text always gives the same vector. */
export interface Embedder {
  /** Name and version. What was learned from the vectors of one id is never used with those of another. */
  readonly id: string
  /** Length of the vectors; null until the first text was embedded, where only the model knows it. */
  readonly dimensions: number | null
  /**
   * One embedding per text, in their order; `[]` for no texts. A text may be empty, in any language, or
   * no language at all; what lies beyond `limits.taskCharactersMax` may be left out.
   *
   * @throws RefusedError when the embedder's package is not installed;
   *   AgentCommunicationError when its model cannot be reached or answers nonsense
   */
  embed(texts: readonly string[]): Promise<readonly Embedding[]>
}

/**
 * The cosine of the angle between two embeddings of one embedder, 0 to 1 for those that have no negative
 * values, else -1 to 1; 0 when one of them is the zero vector.
 */
export function similarity(a: Embedding, b: Embedding): number {
  if (a.kind === 'sparse') return b.kind === 'sparse' ? mergeDot(a, b) : gatherDot(a, b.values)
  return b.kind === 'sparse' ? gatherDot(b, a.values) : denseDot(a.values, b.values)
}

/** Scales `values` to unit length in place; a zero vector stays as it is. */
export function normalise(values: Float32Array): Float32Array {
  let squares = 0
  for (const value of values) squares += value * value
  if (squares === 0) return values
  const scale = 1 / Math.sqrt(squares)
  for (let n = 0; n < values.length; n++) values[n] = values[n]! * scale
  return values
}

type Sparse = Extract<Embedding, { kind: 'sparse' }>

function mergeDot(a: Sparse, b: Sparse): number {
  let sum = 0
  for (let m = 0, n = 0; m < a.indices.length && n < b.indices.length;) {
    const left = a.indices[m]!
    const right = b.indices[n]!
    if (left === right) sum += a.values[m]! * b.values[n]!
    if (left <= right) m++
    if (right <= left) n++
  }
  return sum
}

function gatherDot(sparse: Sparse, dense: Float32Array): number {
  let sum = 0
  for (let n = 0; n < sparse.indices.length; n++)
    sum += sparse.values[n]! * (dense[sparse.indices[n]!] ?? 0)
  return sum
}

function denseDot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let n = 0; n < a.length; n++) sum += a[n]! * (b[n] ?? 0)
  return sum
}
