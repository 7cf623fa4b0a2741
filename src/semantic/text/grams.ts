import { meaningsOf } from './meanings.ts'
import { stem } from './stem.ts'
import { wordsOf } from './words.ts'

/**
 * What a gram can be: a word, a stem or two stems in a row; 2 to 5 characters of a word and its borders;
 * a group of words that mean about the same.
 */
export const gramFamilies = ['words', 'characters', 'meanings'] as const

/** A family of grams has this many buckets of its own: of 100,000 grams fewer than 3 % collide. */
export const bucketsPerFamily = 4_194_304

const charactersMin = 2
const charactersMax = 5
const space = 32

/** The place in `gramFamilies` of the family that a bucket belongs to. */
export function familyOf(bucket: number): number {
  return Math.floor(bucket / bucketsPerFamily)
}

/** How often each gram of a text occurs, by its bucket. Words that `isLeftOut` says are passed over. */
export function gramCounts(
  text: string,
  isLeftOut: (word: string) => boolean = () => false,
): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  let before = 0
  for (const word of wordsOf(text)) {
    if (isLeftOut(word)) continue
    const stemmed = stem(word)
    const hash = hashOf(stemmed, 2)
    add(counts, 0, mixed(hashOf(word, 1)))
    add(counts, 0, mixed(hash))
    if (before !== 0) add(counts, 0, mixed(Math.imul(before, 31) ^ hash))
    before = hash | 1
    addCharacters(counts, word)
    for (const meaning of meaningsOf(stemmed)) add(counts, 2, meaning)
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
