import { proxyActivities } from '@temporalio/workflow'

/** What the bench's worker does in a step. */
export interface BareActivities {
  work(input: { readonly n: number }): Promise<{ readonly n: number }>
}

const { work } = proxyActivities<BareActivities>({
  startToCloseTimeout: '1m',
  retry: { maximumAttempts: 3 },
})

/** Five steps one after the other, as one writes them by hand. */
export async function fiveSteps(input: { readonly n: number }): Promise<{ readonly n: number }> {
  const first = await work(input)
  const second = await work(first)
  const third = await work(second)
  const fourth = await work(third)
  return work(fourth)
}
