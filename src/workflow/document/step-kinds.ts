/** What a step does; the key that says so. */
export const stepKinds = ['agent', 'pattern', 'workflow', 'graph', 'waitFor', 'sleep'] as const

export type StepKind = (typeof stepKinds)[number]

const everyKind = [
  'needs',
  'when',
  'whenSkipped',
  'forEach',
  'maxParallel',
  'checkpoint',
  'continueOnFailure',
  'concurrency',
] as const

const everyCall = ['timeout', 'retry', 'fallback', 'compensate', 'outputs', 'tda'] as const

/** The keys that a step of each kind may have, its own first. */
export const kindKeys: Readonly<Record<StepKind, readonly string[]>> = {
  agent: ['agent', 'action', 'with', 'repeat', ...everyCall, ...everyKind],
  pattern: ['pattern', 'agents', 'action', 'with', 'options', 'repeat', ...everyCall, ...everyKind],
  workflow: ['workflow', 'repeat', ...everyCall, ...everyKind],
  graph: ['graph', 'with', 'repeat', ...everyCall, ...everyKind],
  waitFor: ['waitFor', 'outputs', 'timeout', ...everyKind],
  sleep: ['sleep', 'outputs', 'timeout', ...everyKind],
}

/** The keys that a step of each kind must have beside the one that names it. */
export const requiredKeys: Readonly<Record<StepKind, readonly string[]>> = {
  agent: ['action'],
  pattern: ['agents', 'action'],
  workflow: [],
  graph: [],
  waitFor: [],
  sleep: [],
}

/** Kinds that a fallback entry may be. */
export const fallbackKinds = ['agent', 'pattern', 'workflow'] as const

/** The keys that a fallback entry of each kind may have. */
export const fallbackKeys: Readonly<Record<(typeof fallbackKinds)[number], readonly string[]>> = {
  agent: ['agent', 'action', 'with', 'timeout', 'retry'],
  pattern: ['pattern', 'agents', 'action', 'with', 'options', 'timeout', 'retry'],
  workflow: ['workflow', 'with', 'timeout', 'retry'],
}
