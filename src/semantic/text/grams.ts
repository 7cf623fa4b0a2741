import { stem } from './stem.ts'
import { wordsOf } from './words.ts'

/** A family of grams has this many buckets of its own: collisions of 100,000 grams stay below 3 %. */
export const bucketsPerFamily = 4_194_304

/** What a gram can be: a word, stem or pair of stems; or 2 to 5 characters of a word and its borders. */
export const gramFamilies = ['words', 'characters'] as const

const charactersMin = 2
const charactersMax = 5
const space = 32

/** How often each gram of a text occurs, by its bucket. */
export function gramCounts(text: string): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  const words = wordsOf(text)
  let before = 0
  for (const word of words) {
    add(counts, 0, mixed(hashOf(word, 1)))
    const stemmed = hashOf(stem(word), 2)
    add(counts, 0, mixed(stemmed))
    if (before !== 0) add(counts, 0, mixed(Math.imul(before, 31) ^ stemmed))
    before = stemmed | 1
    addCharacters(counts, word)
  }
  return counts
}

function addCharacters(counts: Map<number, number>, word: string): void {
  const last = word.length + 1
  for (let start = 0; start <= last; start++) {
    let hash = 3
    const end = Math.min(start + charactersMax - 1, last)
    for (let at = start; at <= end; at++) {
      hash = step(hash, at === 0 || at === last ? space : word.charCodeAt(at - 1))
      if (at - start + 1 >= charactersMin) add(counts, 1, mixed(hash))
    }
  }
}

function add(counts: Map<number, number>, family: number, hash: number): void {
  const bucket = family * bucketsPerFamily + (hash & (bucketsPerFamily - 1))
  counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
}

function hashOf(word: string, seed: number): number {
  let hash = seed
  for (let at = 0; at < word.length; at++) hash = step(hash, word.charCodeAt(at))
  return hash
}

/** One step of FNV-1a (Fowler, Noll, Vo) over a character code instead of a byte. */
function step(hash: number, code: number): number {
  return Math.imul(hash ^ code ^ 0x811c9dc5, 0x01000193)
}

/** Spreads the bits of a hash: the finalizer of MurmurHash3 (A. Appleby, public domain). */
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
