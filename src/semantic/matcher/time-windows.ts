/** From one time to another, both included. */
export interface Span {
  readonly t0Ms: number
  readonly t1Ms: number
}

/** Whether two spans have a moment in common; the second may go on for `graceMs`. */
export function meet(a: Span, b: Span, graceMs = 0): boolean {
  return a.t0Ms <= b.t1Ms + graceMs && b.t0Ms <= a.t1Ms
}

/** Spans in order of time that cover the same moments without meeting each other. */
export function union(spans: readonly Span[]): readonly Span[] {
  const joined: { t0Ms: number; t1Ms: number }[] = []
  for (const { t0Ms, t1Ms } of spans.toSorted((a, b) => a.t0Ms - b.t0Ms)) {
    const last = joined.at(-1)
    if (last !== undefined && t0Ms <= last.t1Ms) last.t1Ms = Math.max(last.t1Ms, t1Ms)
    else joined.push({ t0Ms, t1Ms })
  }
  return joined
}

/** Milliseconds that spans cover within a range; what they share counts once. */
export function coveredMs(spans: readonly Span[], { t0Ms, t1Ms }: Span): number {
  return union(spans).reduce(
    (sum, span) => sum + Math.max(0, Math.min(span.t1Ms, t1Ms) - Math.max(span.t0Ms, t0Ms)),
    0,
  )
}
