import { limits } from '../../core/limits.ts'
import type { Path, ProblemList } from './problem.ts'

/**
 * Bounds the size of a document's data while it is read, so that neither aliases nor shared objects
 * can blow it up. One unit is a byte of text, or a value that is no text.
 */
export class ValueBudget {
  readonly #problems: ProblemList
  #unitsLeft: number = limits.documentBytesMax
  #isRefused = false

  constructor(problems: ProblemList) {
    this.#problems = problems
  }

  /** True once something was refused: the reader then stops. */
  get isSpent(): boolean {
    return this.#isRefused
  }

  /** Counts one value; false when it is one too many or nested too deep, which is reported once. */
  take(path: Path, units: number, sourceOffset?: number): boolean {
    if (this.#isRefused) return false
    this.#unitsLeft -= units
    if (this.#unitsLeft < 0) {
      this.#refuse(path, sourceOffset, {
        message: 'the document is too large once its aliases are expanded',
        expected: `at most ${limits.documentBytesMax} bytes (documentBytesMax)`,
      })
    } else if (path.length > limits.depthMax) {
      this.#refuse(path.slice(0, 8), sourceOffset, {
        message: 'the document is nested too deep',
        expected: `at most ${limits.depthMax} levels (depthMax)`,
      })
    }
    return !this.#isRefused
  }

  #refuse(
    path: Path,
    sourceOffset: number | undefined,
    text: { readonly message: string; readonly expected: string },
  ): void {
    this.#isRefused = true
    this.#problems.add({ path, ...text, ...(sourceOffset === undefined ? {} : { sourceOffset }) })
  }
}
