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
