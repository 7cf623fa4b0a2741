import type { StateWrite } from '../../core/contracts/state.ts'
import { durationMsMax } from '../../core/duration.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import { writableStateKey } from '../../core/state-key.ts'
import { payload } from '../payload.ts'
import type { StateWriteOptions } from '../workflow-state.ts'

/** The write that is asked for, as the engine's own copy. @throws InputError for a key, value or option that cannot be kept */
export function checkedWrite(
  key: string,
  value: JsonValue,
  options: StateWriteOptions,
): StateWrite & { readonly value: JsonValue } {
  if (value === undefined) {
    throw new OrchestrationError('InputError', `state '${key}' cannot be undefined`, {
      hint: 'null is a value; deleteState takes the entry away',
    })
  }
  const { expectedVersion, ttlMs, metadata } = options
  checkOptions(key, options)
  const own = payload(value, `state '${key}'`)
  return {
    key: writableStateKey(key),
    value: own,
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(metadata === undefined ? {} : { metadata: metadataOf(key, metadata) }),
  }
}

/** The deletion that is asked for. @throws InputError for a key that cannot be written */
export function checkedDeletion(
  key: string,
  { expectedVersion }: Pick<StateWriteOptions, 'expectedVersion'>,
): StateWrite {
  return {
    key: writableStateKey(key),
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  }
}

function checkOptions(key: string, { expectedVersion, ttlMs }: StateWriteOptions): void {
  if (
    expectedVersion !== undefined &&
    !(Number.isInteger(expectedVersion) && expectedVersion >= 0)
  ) {
    throw new OrchestrationError('InputError', `expectedVersion of state '${key}' is no version`, {
      hint: 'give the version that was read, or 0 for an entry that must not be there',
    })
  }
  if (ttlMs === undefined || (ttlMs > 0 && ttlMs <= durationMsMax)) return
  throw new OrchestrationError(
    'InputError',
    `ttlMs of state '${key}' must be above 0 and at most ${durationMsMax}`,
  )
}

function metadataOf(key: string, metadata: unknown): NonNullable<StateWrite['metadata']> {
  const own = payload(metadata, `metadata of state '${key}'`)
  if (isJsonObject(own)) return own
  throw new OrchestrationError('InputError', `metadata of state '${key}' must be an object`)
}
