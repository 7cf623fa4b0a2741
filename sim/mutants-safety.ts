import { type Mutant, mutant } from './mutant.ts'

const kernel = 'src/workflow/kernel'

/** Bugs in front of an agent: slots, breakers, refusals, budgets. */
export const safetyMutants: readonly Mutant[] = [
  mutant(
    'nothing-reserved',
    'src/engine/budgets/budgets.ts',
    'const tree = this.#treeOf(running)',
    'const tree = null as Account<Waiting> | null',
  ),
  mutant(
    'reserved-is-free',
    `${kernel}/fold-usage.ts`,
    'state.reserved = addUsage(state.reserved, usageOf(charge))',
    'state.reserved = addUsage(state.reserved, usageOf(charge), -1)',
  ),
  mutant(
    'lost-use-forgotten',
    `${kernel}/fold-usage.ts`,
    'state.spent = addUsage(state.spent, release(state, call))',
    'release(state, call)',
  ),
  mutant(
    'unanswered-costs-nothing',
    `${kernel}/usage.ts`,
    'isUsageOpen === true ? maxUsage(usage, reserved) : usage',
    'usage',
  ),
  mutant(
    'budget-total-not-kept',
    'src/engine/committer.ts',
    'if (part.budgets.length > 0)',
    'if (part.budgets.length > 1_000)',
  ),
  mutant(
    'total-of-restart-ignored',
    'src/engine/budgets/budgets.ts',
    'const total = this.#totals.get(key)',
    'const total = this.#totals.get(`${key}?`)',
  ),
  mutant(
    'child-has-no-parent-budget',
    'src/engine/families.ts',
    'if (watching !== undefined) return watching.parent',
    'if (watching === undefined) return undefined\n    return watching.parent',
  ),
  mutant(
    'settled-below-use',
    'src/engine/budgets/budgets.ts',
    'tokens: event.tokens - tokens,',
    'tokens: -tokens,',
  ),
  mutant(
    'overrun-goes-on',
    'src/engine/budgets/amount.ts',
    'return need.calls <= left.calls && need.tokens <= left.tokens',
    'return need.calls <= left.calls && (left.tokens < 0 || need.tokens <= left.tokens)',
  ),
  mutant(
    'waits-for-nobody',
    'src/engine/budgets/budgets.ts',
    'if (account.running > 0 && need.calls',
    'if (account.running >= 0 && need.calls',
  ),
  mutant(
    'budget-wait-forgotten',
    'src/engine/dispatcher.ts',
    'if (isFirst) this.#spent(place.accounts)',
    'if (isFirst) this.#options.budgets.ended(place.accounts)',
  ),
  mutant(
    'slot-too-many',
    'src/engine/slots.ts',
    'pool.maxConcurrent = max',
    'pool.maxConcurrent = max + 1',
  ),
  mutant(
    'slot-not-given-back',
    'src/engine/places.ts',
    'if (slot !== null) this.#slots.release(slot, stage',
    "if (slot !== null && stage !== 'pooled') this.#slots.release(slot, stage",
  ),
  mutant(
    'refusal-is-an-attempt',
    `${kernel}/fold-call.ts`,
    "if (event.kind === 'CallRefused') call.refusals++",
    "if (event.kind === 'CallRefused') call.attempt++",
  ),
  mutant(
    'refusal-forgets-delivery',
    `${kernel}/fold-call.ts`,
    'else call.redeliver = false',
    'call.redeliver = false',
  ),
  mutant(
    'refused-place-kept',
    'src/engine/places.ts',
    'if (slot !== null) this.#slots.release(slot)\n    const { breaker }',
    'const { breaker }',
  ),
  mutant('policy-outlives-rollback', `${kernel}/fold-step.ts`, '  step.policy = null\n', ''),
]
