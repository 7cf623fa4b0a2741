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
  /** Bytes of JSON above which a value inside a payload is stored once, for all that contain it. */
  blobBytesMin: 32_768,
  /** Entries in the state of one execution. */
  stateKeysMax: 1_000,
  /** Sub-workflows inside one another, the outermost not counted. */
  depthOfWorkflowsMax: 16,
  /** Early signals kept by one execution. */
  earlySignalsMax: 1_000,
  /** Executions that may be open in one engine, those that sleep outside memory included. */
  openExecutionsMax: 1_000_000,
  /** Executions that may be in memory at once; sub-workflows run under the place of their root. */
  activeExecutionsMax: 20_000,
  /** Share of the heap's limit above which nothing new is accepted. */
  heapShareMax: 0.8,
  /** Room in the heap that is kept for what was accepted: large texts leave gaps which V8 counts as filled. */
  heapReserveBytes: 33_554_432,
  /** Attempts of one agent that may run at the same time. */
  maxConcurrent: 1_000,
  /** Attempts of one agent that may wait for a place. */
  queueMax: 100_000,
  /** How long a cancelled execution waits for its aborted attempts. */
  cancelGraceMs: 30_000,
  /** Longest armed timeout; longer sleeps are re-armed. */
  timerArmMsMax: 60_000,
  /** How late a schedule may still fire: a missed time that is older is left out. */
  catchUpMsMax: 3_600_000,
  /** Pause before a scheduled start is tried again that was refused for the moment. */
  scheduleRetryMs: 10_000,
  /** Events that wait in one subscription or group of the event mesh, those under way included. */
  meshQueueMax: 10_000,
  /** Publishers that wait for room at the same time. */
  meshPublishersMax: 1_000,
  /** Deliveries of one event to one subscription or group before it is a dead letter. */
  meshDeliveriesMax: 5,
  /** How long a handler of the mesh may take before its delivery counts as failed. */
  meshHandlerMsMax: 30_000,
  /** How long an anomaly is in force after it was reported or ended. */
  anomalyInForceMs: 900_000,
  /** Anomalies in force at the same time; over it the weakest are forgotten. */
  anomaliesMax: 1_000,
  /** Anomalies that one TDA context lists, the strongest first. */
  contextAnomaliesMax: 100,
  /** Supersteps of one run of a LangGraph graph. */
  graphSuperstepsMax: 1_000,
  /** Calls that an error handler may order again in one visit of a node. */
  graphRetriesMax: 10,
  /** Bytes of a file of feature flags. */
  flagsFileBytesMax: 1_048_576,
} as const
