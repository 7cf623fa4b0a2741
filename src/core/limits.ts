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
  /** Writes in one batch of a state store. */
  stateBatchWritesMax: 1_000,
  /** Batches of one workflow that a state store remembers, the newest, so that repeats of them are known. */
  stateBatchesMax: 1_000,
  /** Checkpoints of one workflow in a state store. */
  stateCheckpointsMax: 100,
  /** Calls that the patterns of one step, or of one item, may make. */
  patternCallsMax: 10_000,
  /** Assignments that a supervisor may give in one round. */
  assignmentsMax: 1_000,
  /** Teams inside one another in a hierarchy, the outermost counted. */
  depthOfTeamsMax: 8,
  /** Sub-workflows inside one another, the outermost not counted. */
  depthOfWorkflowsMax: 16,
  /** Calls of agents inside one another, the outermost not counted. */
  callDepthMax: 16,
  /** Characters of the reason for an adaptation. */
  reasonCharactersMax: 2_000,
  /** Adaptations of one execution. */
  adaptationsMax: 1_000,
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
  /** Attempts of one agent, or of one key of `concurrency`, that may wait for a place. */
  queueMax: 100_000,
  /** Connections of a process to one HTTP origin, those that idle included. */
  connectionsMax: 256,
  /** The largest `max` of a `concurrency`. */
  concurrencyMax: 1_000_000,
  /** The largest `requestsPerMinute` of an agent. */
  requestsPerMinuteMax: 1_000_000,
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
  /** Handled events that a reaction remembers, so that repeats of them are dropped. */
  eventsKnownMax: 10_000,
  /** The most that a handler may be given, by `visibilityMs`, `extend` or a request's `timeoutMs`. */
  meshDeadlineMsMax: 86_400_000,
  /** Published events that are remembered, so that repeats of them are dropped. */
  meshRepeatsMax: 100_000,
  /** How long they are remembered. */
  meshRepeatWindowMs: 600_000,
  /** Work queues of one mesh. */
  queuesMax: 1_000,
  /** Events that wait in one work queue, those under way included. */
  queueDepthMax: 100_000,
  /** Events of one work queue that are remembered after they were handled, so that repeats are dropped. */
  queueRepeatsMax: 10_000,
  /** Dead letters that one work queue keeps; over it the oldest is forgotten. */
  queueDeadLettersMax: 10_000,
  /** Events that one call of an agent may publish. */
  publishedEventsMax: 1_000,
  /** Subscriptions that one call of an agent may have at a time. */
  callSubscriptionsMax: 16,
  /** Published events that are sent on at the same time, those that are tried again included. */
  outboxBatchMax: 256,
  /** How long an anomaly is in force after it was reported or ended. */
  anomalyInForceMs: 900_000,
  /** Anomalies in force at the same time; over it the weakest are forgotten. */
  anomaliesMax: 1_000,
  /** Anomalies that one TDA context lists, the strongest first. */
  contextAnomaliesMax: 100,
  /** Characters of a task that routing looks at; a longer task is refused, an embedder leaves the rest out. */
  taskCharactersMax: 20_000,
  /** Patterns that one matcher of events has. */
  patternsMax: 1_000,
  /** Events in a row that a sequence names. */
  patternStagesMax: 16,
  /** Times that a repetition counts. */
  repetitionsMax: 1_000,
  /** Keys of which one pattern remembers something; over it the one untouched for longest is forgotten. */
  patternKeysMax: 10_000,
  /** Keys of which all patterns of a matcher remember something; each has an equal share. */
  openMatchesMax: 100_000,
  /** Events that wait for earlier ones; over it the oldest wait no longer. */
  waitingEventsMax: 100_000,
  /** Matches that a matcher looks back on when it analyses an event. */
  recentMatchesMax: 1_000,
  /** Routing hints of one semantic event. */
  routingHintsMax: 100,
  /** Entries that one namespace of an agent's memory may be set to keep. */
  memoryEntriesMax: 1_000_000,
  /** Bytes that it may be set to keep. */
  memoryBytesMax: 1_073_741_824,
  /** Namespaces of one agent's memory. */
  memoryNamespacesMax: 10_000,
  /** Keys of one namespace that one call may write. */
  memoryWritesMax: 1_000,
  /** Entries that are recalled at once. */
  memoryRecallMax: 100,
  /** Entries that are listed at once. */
  memoryListMax: 1_000,
  /** Remembered entries that are kept in memory for recall. */
  memoryIndexedMax: 200_000,
  /** Supersteps of one run of a LangGraph graph. */
  graphSuperstepsMax: 1_000,
  /** Calls that an error handler may order again in one visit of a node. */
  graphRetriesMax: 10,
  /** Nodes of a decision tree. */
  treeNodesMax: 1_000,
  /** Outcomes that a decision tree is learned from. */
  treeOutcomesMax: 100_000,
  /** Rules of a policy. */
  policyRulesMax: 500,
  /** Bytes of a policy file. */
  policyBytesMax: 1_048_576,
  /** Bytes of a file of feature flags. */
  flagsFileBytesMax: 1_048_576,
} as const
