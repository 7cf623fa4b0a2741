import { normalise, type Embedder, type Embedding } from '../embedder.ts'
import { bucketsPerFamily, gramCounts, gramFamilies } from '../text/grams.ts'

/**
 * The default embedder: needs no download, no network and no training. A text becomes its words, stems and
 * pairs of stems, and the 2 to 5 characters inside each word, each hashed to an index of a sparse vector
 * (the hashing trick of Weinberger et al., ICML 2009) with the weight 1 + ln(occurrences). Spelling
 * mistakes and inflections share characters, so they stay close. The third kind of gram is a written
 * list of groups of words that mean about the same.
 */
export class HashedEmbedder implements Embedder {
  readonly id = 'hashed-1'
  readonly dimensions = gramFamilies.length * bucketsPerFamily

  embed(texts: readonly string[]): Promise<readonly Embedding[]> {
    return Promise.resolve(texts.map((text) => hashedEmbedding(text)))
  }
}

/** What `HashedEmbedder` makes of one text, at once. Words that `isLeftOut` says are passed over. */
export function hashedEmbedding(
  text: string,
  isLeftOut?: (word: string) => boolean,
): Extract<Embedding, { kind: 'sparse' }> {
  const counts = gramCounts(text, isLeftOut)
  const indices = Uint32Array.from(counts.keys()).sort()
  const values = Float32Array.from(indices, (index) => 1 + Math.log(counts.get(index)!))
  return { kind: 'sparse', indices, values: normalise(values) }
}
