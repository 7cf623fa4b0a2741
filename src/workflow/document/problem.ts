import { limits } from '../../core/limits.ts'

/** Keys and list positions from the document's root to a value. */
export type Path = readonly (string | number)[]

/**
 * One thing that is wrong with a document. No key is absent; null is unknown. `line` and `column`
 * count from 1 and point at the offending key or value; they are null for data that has no text.
 */
export interface Problem {
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly path: string | null
  readonly message: string
  readonly found: string | null
  readonly expected: string | null
  readonly hint: string | null
  readonly level: 'error' | 'warning'
}

/** A place in the document's text, both counted from 1. */
export interface Place {
  readonly line: number | null
  readonly column: number | null
}

/** Finds places in the text a document was read from. */
export interface Positions {
  /** Where the key at the end of the path stands; its value's place for a list item. */
  key(path: Path): Place
  value(path: Path): Place
  /** Where a character of a one-line text value stands; the value's place when that is not known. */
  inText(path: Path, offset: number): Place
  at(sourceOffset: number): Place
}

/** A problem before its place is looked up. */
export interface ProblemDraft {
  /** Null for a fault of the text itself. */
  readonly path: Path | null
  readonly message: string
  readonly found?: string | null
  readonly expected?: string | null
  /** A function is called only when the problem is shown. */
  readonly hint?: string | null | (() => string | null)
  /** Default `error`. */
  readonly level?: 'error' | 'warning'
  /** Default `value`. A number is an offset into the text value at `path`. */
  readonly place?: 'key' | 'value' | number
  /** Offset into the source text; goes before `place`. */
  readonly sourceOffset?: number
}

/** Positions of data that was never text. */
export const noPositions: Positions = {
  key: () => ({ line: null, column: null }),
  value: () => ({ line: null, column: null }),
  inText: () => ({ line: null, column: null }),
  at: () => ({ line: null, column: null }),
}

/** Collects the problems of one document; of each level it keeps no more than `limits.problemsMax`. */
export class ProblemList {
  readonly #errors: ProblemDraft[] = []
  readonly #warnings: ProblemDraft[] = []
  readonly #paths = new Set<string>()
  #isDropping = false

  add(draft: ProblemDraft): void {
    const list = draft.level === 'warning' ? this.#warnings : this.#errors
    if (list.length >= limits.problemsMax) {
      this.#isDropping = true
      return
    }
    list.push(draft)
    if (draft.path !== null) this.#paths.add(pathText(draft.path))
  }

  get hasErrors(): boolean {
    return this.#errors.length > 0
  }

  /** True when no more errors are kept, so that a check may end early. */
  get isFull(): boolean {
    return this.#errors.length >= limits.problemsMax
  }

  /** True when exactly this path has a problem already; later checks then keep quiet about it. */
  has(path: Path): boolean {
    return this.#paths.size > 0 && this.#paths.has(pathText(path))
  }

  /** All problems in the order of the text; when some were left out, a last one says so. */
  finish(file: string | null, positions: Positions): Problem[] {
    const all = [...this.#errors, ...this.#warnings]
    const isCut = this.isFull || this.#isDropping || all.length > limits.problemsMax
    const kept = isCut ? all.slice(0, limits.problemsMax - 1) : all
    const problems = kept.map((draft) => place(draft, file, positions)).toSorted(byPlace)
    if (isCut) problems.push(this.#moreProblems(file))
    return problems
  }

  #moreProblems(file: string | null): Problem {
    return {
      file,
      line: null,
      column: null,
      path: null,
      message: `only the first ${limits.problemsMax - 1} problems are shown`,
      found: null,
      expected: null,
      hint: 'mend these first, then validate again',
      level: this.hasErrors ? 'error' : 'warning',
    }
  }
}

/** A path as people write it: `steps.observe.needs[0]`; the root is the empty text. */
export function pathText(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (/^[A-Za-z_$][\w$-]*$/.test(part)) text += text === '' ? part : `.${part}`
    else text += `[${JSON.stringify(part.slice(0, 100))}]`
  }
  return text
}

/** How a value is named in `found`: short, in the words of the document. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map'
  if (typeof value === 'string') return cut(JSON.stringify(value))
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return `a ${typeof value}`
}

/** Cuts a text at 120 characters for a message. */
export function cut(text: string): string {
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}

function place(draft: ProblemDraft, file: string | null, positions: Positions): Problem {
  const { line, column } = findPlace(draft, positions)
  return {
    file,
    line,
    column,
    path: draft.path === null ? null : pathText(draft.path),
    message: draft.message,
    found: draft.found ?? null,
    expected: draft.expected ?? null,
    hint: typeof draft.hint === 'function' ? draft.hint() : (draft.hint ?? null),
    level: draft.level ?? 'error',
  }
}

function findPlace(draft: ProblemDraft, positions: Positions): Place {
  if (draft.sourceOffset !== undefined) return positions.at(draft.sourceOffset)
  if (draft.path === null) return positions.at(0)
  if (draft.place === 'key') return positions.key(draft.path)
  if (typeof draft.place === 'number') return positions.inText(draft.path, draft.place)
  return positions.value(draft.path)
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}
