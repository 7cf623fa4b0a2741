import type { Embedding } from '../core/contracts/embedder.ts'

/** A vector as bytes: how many indices it has (0 for a dense one), those, then its values, in four bytes each. */
export function writtenVector(vector: Embedding): Uint8Array {
  const indices = vector.kind === 'sparse' ? vector.indices : new Uint32Array()
  const words = new Uint32Array(2 + indices.length + vector.values.length)
  words[0] = vector.kind === 'sparse' ? 1 : 0
  words[1] = indices.length
  words.set(indices, 2)
  new Float32Array(words.buffer).set(vector.values, 2 + indices.length)
  return new Uint8Array(words.buffer)
}

/** The vector of such bytes. */
export function readVector(bytes: Uint8Array): Embedding {
  const { buffer } = Uint8Array.from(bytes)
  const words = new Uint32Array(buffer)
  const count = words[1] ?? 0
  const values = new Float32Array(buffer).slice(2 + count)
  if (words[0] === 0) return { kind: 'dense', values }
  return { kind: 'sparse', indices: words.slice(2, 2 + count), values }
}
