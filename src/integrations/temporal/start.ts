import type { FlagProvider } from '../../core/contracts/flags.ts'
import { executionId as checkedId, newExecutionId } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Random } from '../../core/random.ts'
import {
  checkedInput,
  checkFlags,
  type Definition,
  type Definitions,
  type ExecuteOptions,
  payload,
  Pins,
  startHashOf,
} from '../../engine/index.ts'
import type { PolicyData } from '../../semantic/index.ts'
import type { Origin, WorkflowData } from '../../workflow/index.ts'
import { readsTda } from './reads-tda.ts'
import type { ExecutionStart, PreparedStart } from './wire.ts'
import { refuseUnsupported } from './unsupported.ts'

export interface StartParts {
  readonly nowMs: number
  readonly random: Random
  readonly heartbeatTimeoutMs: number
  /** Null: when Temporal suggests it. */
  readonly historyEventsMax: number | null
  readonly definitions: Definitions
  /** Null: every flag is on. */
  readonly flags: FlagProvider | null
  /** Decides about the execution; null for nobody. */
  readonly policy: PolicyData | null
}

/** Nothing is registered in Temporal: sub-workflows are those given with a start. */
const nothingRegistered = { workflows: () => [], document: () => undefined }

/**
 * What Temporal is given to start an execution with: checked here, so that the workflow meets no surprises.
 *
 * @throws InputError for the input or the id; RefusedError for what the Temporal engine does not have;
 *   DocumentError for a sub-workflow that was not given; FeatureDisabledError
 */
export function startOf(
  definition: Definition,
  options: ExecuteOptions & { readonly origin?: Origin },
  parts: StartParts,
): ExecutionStart {
  const { document } = definition
  const input = checkedInput(definition, payload(options.input ?? {}, 'the input'))
  const executionId =
    options.executionId === undefined
      ? newExecutionId(document.name, parts.nowMs, parts.random)
      : checkedId(options.executionId)
  const prepared = preparedStart(definition, options.workflows ?? [], parts)
  const context = { executionId, workflow: document.name }
  const decided = checkFlags(parts.flags, document.featureFlags, context)
  return {
    ...prepared,
    executionId,
    startHash: startHashOf(definition, input),
    input,
    origin: {
      ...prepared.origin,
      ...(decided === null ? {} : { flags: decided }),
      ...options.origin,
    },
  }
}

/**
 * What all executions of a document are started with.
 *
 * @param workflows where its sub-workflows are
 * @throws RefusedError for what the Temporal engine does not have; DocumentError for a sub-workflow that is missing
 */
export function preparedStart(
  definition: Definition,
  workflows: readonly WorkflowData[],
  { definitions, flags, ...kept }: StartParts,
): PreparedStart {
  const { document, hash } = definition
  const pinned = new Pins(nothingRegistered, definitions).resolve(definition, workflows)
  refuseUnsupported([definition, ...pinned.definitions], flags)
  return {
    document,
    documentHash: hash,
    origin: {
      ...(pinned.pins === null ? {} : { pins: pinned.pins }),
      ...tenantOf(document.metadata),
    },
    documents: Object.fromEntries(pinned.definitions.map((one) => [one.hash, one.document])),
    readsTda: kept.policy !== null || readsTda(document),
    policy: kept.policy,
    heartbeatTimeoutMs: kept.heartbeatTimeoutMs,
    historyEventsMax: kept.historyEventsMax,
    earlier: null,
  }
}

function tenantOf({ tenant }: JsonObject): { readonly tenant?: string } {
  return typeof tenant === 'string' && tenant !== '' ? { tenant } : {}
}
