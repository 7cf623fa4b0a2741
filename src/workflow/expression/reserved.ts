/**
 * Words that CEL keeps for itself and that can therefore be no step id: literals and operators first,
 * then the words the language definition (cel-spec, "Syntax", RESERVED) keeps for later.
 */
export const celReservedWords: ReadonlySet<string> = new Set([
  'false',
  'in',
  'null',
  'true',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
])

/** The names that an expression may read; which of them have a value depends on the place. */
export const rootNames = [
  'output',
  'call',
  'input',
  'steps',
  'state',
  'item',
  'index',
  'event',
  'tda',
  'execution',
  'load',
  'cost',
  'step',
] as const

/** One of `rootNames`. */
export type RootName = (typeof rootNames)[number]

/** True for a name that an expression may read. */
export function isRootName(name: string): name is RootName {
  return (rootNames as readonly string[]).includes(name)
}
