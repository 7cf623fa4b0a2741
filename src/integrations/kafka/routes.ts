import { compilePattern } from '../../mesh/index.ts'

/** Which topic carries which types of events. */
export interface TopicRoute {
  /** A type, or the beginning of types followed by `*`. */
  readonly pattern: string
  readonly topic: string
}

/** The topics of design §5, whose names other systems know. */
export const tdaRoutes: readonly TopicRoute[] = [
  { pattern: 'tda.anomaly.*', topic: 'tda.anomalies.v1' },
  { pattern: 'tda.patterns.*', topic: 'tda.patterns.v1' },
  { pattern: 'aura.result.*', topic: 'aura.results.v1' },
  { pattern: 'workflow.compensated', topic: 'aura.results.v1' },
]

/** Finds the topic of a type, and the topics in which events of a pattern may be. */
export class Routes {
  readonly #default: string
  readonly #routes: readonly (TopicRoute & { readonly matches: (type: string) => boolean })[]

  /** @param fallback the topic of types that no route names. @throws InputError for a pattern that is none */
  constructor(routes: readonly TopicRoute[], fallback: string) {
    this.#default = fallback
    this.#routes = routes.map((route) => ({ ...route, matches: compilePattern(route.pattern) }))
  }

  get topics(): readonly string[] {
    return [...new Set([this.#default, ...this.#routes.map(({ topic }) => topic)])]
  }

  topicOf(type: string): string {
    return this.#routes.find(({ matches }) => matches(type))?.topic ?? this.#default
  }

  topicsOf(pattern: string): readonly string[] {
    if (!pattern.endsWith('*')) return [this.topicOf(pattern)]
    const beginning = pattern.slice(0, -1)
    const found = new Set<string>()
    for (const { pattern: routed, topic, matches } of this.#routes) {
      // Everything that begins so goes there.
      if (routed.endsWith('*') && matches(beginning)) return [...found.add(topic)]
      if (routed.startsWith(beginning)) found.add(topic)
    }
    return [...found.add(this.#default)]
  }
}
