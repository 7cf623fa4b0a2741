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
/** The words of an identifier: `AppyPieBuilder`, `freeze_account` and `detail.adriel` fall apart. */
export function wordsOfName(name: string): string {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .replace(/(\p{L})(\p{N})|(\p{N})(\p{L})/gu, '$1$3 $2$4')
    .replace(/[_\-./]+/g, ' ')
}
