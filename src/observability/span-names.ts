/** The name under which Aura asks for its tracer. */
export const tracerName = 'aura-orchestration'

/** One execution, from the moment this process drives it. */
export const executionSpanName = 'execute_workflow'
/** One step, from its first attempt to its end. */
export const stepSpanName = 'execute_step'
/** One attempt; the agent's name follows, as OpenTelemetry's GenAI conventions have it. */
export const attemptSpanName = 'invoke_agent'
/** One delivery of the mesh; the name of the subscription, group or queue follows, as OpenTelemetry's messaging conventions have it. */
export const deliverySpanName = 'process'
/** The value of `messaging.system`. */
export const meshSystem = 'aura'
/** An event on the execution's span: a step ended that called no agent. */
export const stepEventName = 'step_ended'

/** An event on the execution's span: entries of its state were written. */
export const stateEventName = 'state_changed'

/** The value of `workflow.type`. */
export const workflowType = 'multi_agent'

/** Attribute keys of all spans. */
export const attributes = {
  workflowId: 'workflow.id',
  workflowType: 'workflow.type',
  orchestrationVersion: 'orchestration.version',
  workflowName: 'workflow.name',
  workflowVersion: 'workflow.version',
  workflowRecovered: 'workflow.recovered',
  workflowStatus: 'workflow.status',
  stepId: 'workflow.step.id',
  stepIndex: 'workflow.step.index',
  stepStatus: 'workflow.step.status',
  attempt: 'workflow.attempt',
  idempotencyKey: 'workflow.idempotency_key',
  stateChanges: 'workflow.state.changes',
  outcome: 'workflow.attempt.outcome',
  operationName: 'gen_ai.operation.name',
  agentName: 'gen_ai.agent.name',
  agentAction: 'agent.action',
  errorType: 'error.type',
  messagingSystem: 'messaging.system',
  messagingOperation: 'messaging.operation.type',
  messagingDestination: 'messaging.destination.name',
  messageId: 'messaging.message.id',
  conversationId: 'messaging.message.conversation_id',
  eventType: 'cloudevents.event_type',
  eventSource: 'cloudevents.event_source',
} as const
