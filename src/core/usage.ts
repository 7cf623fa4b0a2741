/** What calls use up. */
export interface Usage {
  /** Whole tokens of language models. */
  readonly tokens: number
  /** US dollars, exact to a billionth. */
  readonly costUsd: number
}

/** Nothing. */
export const noUsage: Usage = { tokens: 0, costUsd: 0 }

const billion = 1_000_000_000

/** Sums of costs stay exact to a billionth of a dollar, however many are added. */
export function exactUsd(costUsd: number): number {
  return Math.round(costUsd * billion) / billion
}

/** The sum; `times: -1` gives the difference. */
export function addUsage(a: Usage, b: Usage, times: 1 | -1 = 1): Usage {
  if (b.tokens === 0 && b.costUsd === 0) return a
  return { tokens: a.tokens + times * b.tokens, costUsd: exactUsd(a.costUsd + times * b.costUsd) }
}

/** The larger of each. */
export function maxUsage(a: Usage, b: Usage): Usage {
  return { tokens: Math.max(a.tokens, b.tokens), costUsd: Math.max(a.costUsd, b.costUsd) }
}

/** Whether one of them is more than the other allows. */
export function isOver(usage: Usage, most: Usage): boolean {
  return usage.tokens > most.tokens || usage.costUsd > most.costUsd
}

/** Whether it is nothing at all. */
export function isNoUsage({ tokens, costUsd }: Usage): boolean {
  return tokens === 0 && costUsd === 0
}
