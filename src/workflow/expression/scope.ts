import type { SecretPlace } from '../../core/contracts/secret.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { StaticType } from './values.ts'

/** What `steps.<id>` shows to an expression. */
export interface StepView {
  readonly output: JsonValue
  readonly status: string
  readonly error: JsonValue
}

/** The names in scope of an expression. Absent names are not in scope at that place. */
export interface Scope {
  readonly input?: JsonValue
  readonly steps?: { readonly [stepId: string]: StepView }
  /** A policy sees more of it than a document: see `docs/policies.md`. */
  readonly execution?: { readonly id: string; readonly startedAtMs: number } | JsonObject
  readonly tda?: TdaContext
  readonly item?: JsonValue
  readonly index?: number
  /** This call's raw output: only in `outputs` and `repeat.until`. */
  readonly output?: JsonValue
  /** The undone call: only in `compensate.with`. */
  readonly call?: { readonly input: JsonValue; readonly output: JsonValue }
  /** The event of a trigger; in a policy null where none started the execution. */
  readonly event?: JsonObject | null
  readonly state?: JsonObject
  /** How busy engine and agents are, what was spent, and the step that is decided: only in a policy. */
  readonly load?: JsonObject
  readonly cost?: JsonObject
  readonly step?: JsonObject | null
}

/** A root name that an expression reads, with the step id where the root is `steps`. */
export interface Reference {
  readonly root: string
  /** For `steps.<id>` or `steps["<id>"]`; null when the id is computed. */
  readonly stepId: string | null
  /** Character offset of the reference in the expression's source. */
  readonly offset: number
  /** Of a template: the keys to the string that `offset` counts in. Absent for an expression. */
  readonly path?: readonly (string | number)[]
}

/** An expression, checked and ready. */
export interface CompiledExpression {
  readonly source: string
  readonly references: readonly Reference[]
  /** The CEL type that every result has, such as `bool`; `dyn` when only evaluation can tell. */
  readonly resultType: StaticType
  /** @throws ExpressionError, ExpressionLimitError */
  evaluate(scope: Scope): JsonValue
}

/** A value with `${ … }` in its strings, at any depth. */
export interface CompiledTemplate {
  readonly references: readonly Reference[]
  /** True when nothing has to be evaluated; `evaluate` then gives the same value each time. */
  readonly isConstant: boolean
  /** Where the template itself says `{ $secret: NAME }`; what expressions give names no secret. */
  readonly secrets: readonly SecretPlace[]
  /** @throws ExpressionError, ExpressionLimitError */
  evaluate(scope: Scope): JsonValue
}
