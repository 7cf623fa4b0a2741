/** Every named limit of Aura with its default. A refusal names the limit as it is spelled here. */
export const limits = {
  /** Steps in one document. */
  stepsMax: 10_000,
  /** Bytes of one document. */
  documentBytesMax: 5_000_000,
  /** YAML alias expansions in one document. */
  aliasesMax: 100,
  /** Items in one `forEach`. */
  itemsMax: 10_000,
  /** Nesting of a document's values and of a payload. */
  depthMax: 100,
  /** Problems reported for one document. */
  problemsMax: 200,
  /** Items that one evaluation of an expression may visit. */
  expressionItemsMax: 100_000,
  /** Nested comprehensions in one expression. */
  comprehensionDepthMax: 2,
  /** Characters of one expression. */
  expressionCharactersMax: 10_000,
  /** Bytes of JSON in one input, output, signal or other payload. */
  payloadBytesMax: 4_194_304,
  /** Early signals kept by one execution. */
  earlySignalsMax: 1_000,
  /** Executions that may be open in one engine. */
  openExecutionsMax: 1_000_000,
  /** Attempts of one agent that may run at the same time. */
  maxConcurrent: 1_000,
  /** Attempts of one agent that may wait for a place. */
  queueMax: 100_000,
  /** How long a cancelled execution waits for its aborted attempts. */
  cancelGraceMs: 30_000,
  /** Longest armed timeout; longer sleeps are re-armed. */
  timerArmMsMax: 60_000,
} as const
