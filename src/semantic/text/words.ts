import { limits } from '../../core/limits.ts'

const wordPattern = /[\p{L}\p{N}]+(?:'\p{L}+)?|[?$%€£]/gu

/**
 * The words of a text in lower case, apostrophes kept inside (`don't`), and the signs `? $ % € £`, which
 * tell questions and money. Unicode is brought to NFKC; what lies beyond `limits.taskCharactersMax` is left
 * out.
 */
export function wordsOf(text: string): readonly string[] {
  const plain = text
    .slice(0, limits.taskCharactersMax)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[’`]/g, "'")
  return plain.match(wordPattern) ?? []
}
