/** A word as a POSIX shell reads it back unchanged: bare when that is safe, else in single quotes. */
export function shellQuote(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word)
    ? word
    : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** A command line that a person can copy. */
export function shellCommand(words: readonly string[]): string {
  return words
    .filter((word) => word !== '')
    .map(shellQuote)
    .join(' ')
}
