import type { NamesCall } from '../../workflow/index.ts'

/** A call as lines name it: `analyse[3]`, `decide/c2`. Apart from the kernel's own, which takes long to load. */
export function callName({ step, index, part }: NamesCall): string {
  const own = index === undefined ? step : `${step}[${index}]`
  return part === undefined ? own : `${own}/c${part}`
}
