/** Names that are counted. */
const namesMax = 1_000
/** A longer word is no name. */
const nameCharactersMax = 200

/** A name among words: something with a digit, an underscore, or a sign inside of it (`db-7`, `a.b`, `/var/x`). */
const technical =
  /^(?=.*\p{L})(?:.*\p{N}.*|.*\p{L}[-_./:@]\p{L}.*|\/.+|[\p{L}\p{N}]+_[\p{L}\p{N}_]+)$/u
const capitalised = /^\p{Lu}[\p{L}\p{N}]+$/u
const sentence = /[.!?;](?=\s|$)|[。！？；\n]/u
/** English words with which a clause of a sentence begins; sentences themselves are told by their signs in any language. */
const joints =
  /\b(?:and then|but|if|unless|because|while|after|before|when|until|otherwise|although|so that)\b/giu

/**
 * The things that texts name, without repeats: a text that is one word stands for a name, and in a longer one
 * a word with a digit or a sign inside, or with a capital although no sentence begins with it.
 */
export function namesOf(texts: readonly string[]): readonly string[] {
  const names = new Set<string>()
  for (const text of texts) {
    for (const name of namesIn(text)) {
      if (names.size >= namesMax) return [...names]
      names.add(name.toLowerCase())
    }
  }
  return [...names]
}

function namesIn(text: string): readonly string[] {
  const words = text.trim().split(/\s+/u)
  const [only = ''] = words
  if (words.length === 1) return isShort(only) && /\p{L}/u.test(only) ? [only] : []
  return words.flatMap((raw, at) => {
    if (!isShort(raw)) return []
    const word = raw.replace(/^[("'[{]+|[.,;:!?)"'\]}]+$/gu, '')
    const begins = at === 0 || /[.!?:]$/u.test(words[at - 1]!)
    return technical.test(word) || (!begins && capitalised.test(word)) ? [word] : []
  })
}

function isShort(word: string): boolean {
  return word.length <= nameCharactersMax
}

/** How many clauses texts have: sentences, and what begins in them with a word such as `unless`. Names have none. */
export function clausesOf(texts: readonly string[]): number {
  let count = 0
  for (const text of texts) {
    if (!/\s/u.test(text.trim())) continue
    count += text.split(sentence).filter((part) => /\p{L}/u.test(part)).length
    count += text.match(joints)?.length ?? 0
  }
  return count
}
