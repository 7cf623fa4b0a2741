import { z } from 'zod'
import { patternNames } from '../core/contracts/pattern.ts'
import { OrchestrationError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { limits } from '../core/limits.ts'
import type { AdaptationChange } from '../workflow/index.ts'
import { payload } from './payload.ts'

const name = z.string().min(1).max(200)
const object = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
)

/** How an adaptation is asked for. */
export const adaptationRequest = z.strictObject({
  id: name.optional(),
  because: z.string().min(1).max(limits.reasonCharactersMax),
  cause: object.optional(),
  step: name.optional(),
  pattern: z.enum(patternNames).optional(),
  options: object.optional(),
  maxParallel: z.int().min(1).optional(),
  agent: name.optional(),
  approval: z.union([z.literal(true), name]).optional(),
  pause: z.literal(true).optional(),
})

/** A change to a running execution, and why it is made. */
export interface AdaptationRequest extends AdaptationChange {
  /** Names the adaptation in its execution: the same id twice is one adaptation. Default `adaptation-<n>`. */
  readonly id?: string
  /** For whoever reads the journal; at most 2,000 characters. */
  readonly because: string
  /** What it follows from, such as an event's source and id; recorded as it is. */
  readonly cause?: JsonObject
}

/** @throws InputError naming the first fault; ResourceExhaustionError over `payloadBytesMax` */
export function checkedRequest(request: AdaptationRequest): AdaptationRequest {
  const parsed = adaptationRequest.safeParse(request)
  if (parsed.success) return payload(request, 'the adaptation') as unknown as AdaptationRequest
  const [issue] = parsed.error.issues
  const path = issue?.path.join('.') ?? ''
  throw new OrchestrationError(
    'InputError',
    `this is no adaptation: ${path === '' ? 'it' : path}: ${issue?.message ?? 'not valid'}`,
    {
      hint: 'send { step?, pattern?, options?, maxParallel?, agent?, approval?, pause?, because }',
    },
  )
}
