const vowel = /[aeiouy]/

/**
 * The stem of an English word in lower case, by few rules: plural, `-ing`, `-ed`, `-ly`, final `e`. It is no
 * dictionary form; it only has to be the same for the forms of one word. Words of up to three letters stay.
 */
export function stem(word: string): string {
  if (word.length <= 3) return word
  const singular = withoutPlural(word.endsWith("'s") ? word.slice(0, -2) : word)
  const plain = withoutEnding(singular)
  const adjective = plain.endsWith('ly') && plain.length > 5 ? plain.slice(0, -2) : plain
  return adjective.endsWith('e') && adjective.length > 3 ? adjective.slice(0, -1) : adjective
}

function withoutPlural(word: string): string {
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`
  if (word.endsWith('sses') || /(?:x|ch|sh|z)es$/.test(word)) return word.slice(0, -2)
  return word.endsWith('s') && !/(?:ss|us|is)$/.test(word) ? word.slice(0, -1) : word
}

function withoutEnding(word: string): string {
  for (const ending of ['ing', 'ed']) {
    const root = word.slice(0, -ending.length)
    if (!word.endsWith(ending) || root.length < 3 || !vowel.test(root)) continue
    // planned -> plan, but calling -> call
    return /([^lsz])\1$/.test(root) ? root.slice(0, -1) : root
  }
  return word
}
