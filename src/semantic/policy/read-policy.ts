import { documentError, keysIn, type Problem, readShaped } from '../../workflow/index.ts'
import { checkRules } from './check-rules.ts'
import { Policy } from './policy.ts'
import { policyJsonSchema, policySchema } from './policy-schema.ts'

export interface ReadPolicyOptions {
  /** Shown in every problem; default none. */
  readonly file?: string
  /** Ids and types that rules may allow; without them any may be named. */
  readonly agents?: readonly string[]
}

/** A policy, null where a problem is an error, and everything that is wrong with it. */
export interface PolicyReading {
  readonly policy: Policy | null
  readonly problems: readonly Problem[]
}

/**
 * Reads a policy from YAML or JSON text, or from data, and reports all its problems at once: also rules that
 * contradict each other, can never hold or never decide. Never throws.
 */
export function readPolicy(
  source: { readonly text: string } | { readonly data: unknown },
  { file, agents }: ReadPolicyOptions = {},
): PolicyReading {
  const kind = {
    schema: policySchema,
    keysAt: (path: readonly (string | number)[]) => keysIn(policyJsonSchema(), path),
    check: (data: Parameters<typeof checkRules>[0], problems: Parameters<typeof checkRules>[1]) =>
      checkRules(data, problems, agents ?? null),
  }
  const { value, problems } = readShaped(source, kind, file)
  return { policy: value === null ? null : new Policy(value), problems }
}

/** As `readPolicy`. @throws DocumentError with every problem in `details.problems` */
export function expectPolicy(
  source: { readonly text: string } | { readonly data: unknown },
  options?: ReadPolicyOptions,
): Policy {
  const { policy, problems } = readPolicy(source, options)
  if (policy === null) throw documentError(problems)
  return policy
}
