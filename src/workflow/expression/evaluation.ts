import { limits } from '../../core/limits.ts'
import { ExpressionFault, LimitFault } from './faults.ts'
import type { Scope } from './scope.ts'
import type { Value } from './values.ts'

/**
 * Units of work of one evaluation: one for each part of a comprehension's body and item, and one for each
 * character that a function reads. It bounds the time where few items hide much work.
 */
const expressionWorkMax = 8 * limits.payloadBytesMax

/** One run of one expression: the scope it reads, its variables, and what it may still spend. */
export class Evaluation {
  readonly scope: Scope
  /** Values of comprehension and `cel.bind` variables, by the slot that compilation gave each. */
  readonly variables: Value[] = []
  /** Offset of the part being evaluated, for errors. */
  at = 0
  /** Name of the function being called, for errors. */
  callee = ''
  private itemsLeft: number = limits.expressionItemsMax
  private charactersLeft: number = limits.payloadBytesMax
  private workLeft: number = expressionWorkMax

  constructor(scope: Scope) {
    this.scope = scope
  }

  /** Counts visited items against `expressionItemsMax`. */
  visit(items: number): void {
    this.itemsLeft -= items
    if (this.itemsLeft < 0)
      this.exceed('expressionItemsMax', limits.expressionItemsMax, 'items visited')
  }

  /** Counts characters of new text against `payloadBytesMax`; call it before the text is built. */
  build(characters: number): void {
    this.charactersLeft -= characters
    if (this.charactersLeft < 0) {
      this.exceed('payloadBytesMax', limits.payloadBytesMax, 'characters built')
    }
  }

  /** Counts work against `expressionWorkMax`. */
  work(units: number): void {
    this.workLeft -= units
    if (this.workLeft < 0) this.exceed('expressionWorkMax', expressionWorkMax, 'units of work done')
  }

  /** The error for what is wrong here. */
  fault(message: string, hint: string | null = null): ExpressionFault {
    return new ExpressionFault(message, this.at, hint)
  }

  private exceed(name: string, max: number, what: string): never {
    const count = max.toLocaleString('en-US')
    throw new LimitFault(`more than ${count} ${what} (${name})`, { name, max }, this.at)
  }
}
