import { comprehensions } from './comprehensions.ts'
import { conversionFunctions } from './conversion-functions.ts'
import type { FunctionSpec } from './function-spec.ts'
import { numberFunctions } from './number-functions.ts'
import { specialForms } from './special-forms.ts'
import { textFunctions } from './text-functions.ts'
import { timeFunctions } from './time-functions.ts'
import { valueFunctions } from './value-functions.ts'

/** Every function whose arguments are evaluated before the call, by name. */
export const functionTable: ReadonlyMap<string, FunctionSpec> = new Map(
  [valueFunctions, conversionFunctions, numberFunctions, textFunctions, timeFunctions]
    .flat()
    .map((spec) => [spec.name, spec]),
)

/** A row of the language's reference. */
export interface FunctionRow {
  readonly name: string
  readonly signature: string
  readonly summary: string
  /** Whether `a.name(b)` may be written for `name(a, b)`, or the other way round. */
  readonly bothForms: boolean
}

/** Everything that can be called in an expression, in the order of the reference. */
export const expressionFunctions: readonly FunctionRow[] = [
  ...specialForms.map((form) => ({ ...form, bothForms: false })),
  ...comprehensions.map((form) => ({ ...form, bothForms: false })),
  ...Array.from(functionTable.values(), ({ name, signature, summary, forms }) => {
    return { name, signature, summary, bothForms: forms === 'both' }
  }),
]
