export type { Embedder, Embedding } from '../core/contracts/embedder.ts'
export { similarity } from '../core/similarity.ts'

/** Scales `values` to unit length in place; a zero vector stays as it is. */
export function normalise(values: Float32Array): Float32Array {
  let squares = 0
  for (const value of values) squares += value * value
  if (squares === 0) return values
  const scale = 1 / Math.sqrt(squares)
  for (let n = 0; n < values.length; n++) values[n] = values[n]! * scale
  return values
}
