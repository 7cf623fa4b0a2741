import type { Embedding } from './contracts/embedder.ts'

/**
 * The cosine of the angle between two embeddings of one embedder, 0 to 1 for those that have no negative
 * values, else -1 to 1; 0 when one of them is the zero vector.
 */
export function similarity(a: Embedding, b: Embedding): number {
  if (a.kind === 'sparse') return b.kind === 'sparse' ? mergeDot(a, b) : gatherDot(a, b.values)
  return b.kind === 'sparse' ? gatherDot(b, a.values) : denseDot(a.values, b.values)
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
