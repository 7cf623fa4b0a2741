import { z } from 'zod'
import { OrchestrationError } from '../../core/errors.ts'
import { TfIdf, weightings, type Weighting } from '../learning/tf-idf.ts'
import type { RoutingModel } from './routing-model.ts'

/** Counts the layouts; a model of another one is trained anew. */
const layout = 1

const calibration = z.object({
  temperature: z.number(),
  fit: z.object({ weights: z.array(z.number()).readonly(), bias: z.number() }).nullable(),
})
const headSchema = z.object({
  layout: z.literal(layout),
  agents: z.array(z.string()).readonly(),
  classes: z.array(z.object({ agent: z.string(), intent: z.string() })).readonly(),
  weighting: z.enum(Object.keys(weightings) as [Weighting, ...Weighting[]]),
  fast: calibration,
  both: calibration,
  embedderId: z.string().nullable(),
  /** Numbers in each array behind the head, in the order of `arraysOf`. */
  lengths: z.array(z.int().min(0)).length(7),
})

/** A model as bytes: the length of the head, the head as JSON, and its arrays of 32-bit numbers, low byte first. */
export function encodeModel(model: RoutingModel): Uint8Array {
  const arrays = arraysOf(model)
  const text = JSON.stringify({
    layout,
    agents: model.agents,
    classes: model.classes,
    weighting: model.tfIdf.weighting,
    fast: model.fast,
    both: model.both,
    embedderId: model.dense?.embedderId ?? null,
    lengths: arrays.map(({ length }) => length),
  } satisfies z.infer<typeof headSchema>)
  // Filled up to a multiple of four, so that the arrays lie where their numbers may be read in place.
  const head = Buffer.from(text.padEnd(text.length + 3))
  const headBytes = head.length - (head.length % 4)
  const size = Buffer.alloc(4)
  size.writeUInt32LE(headBytes)
  return Buffer.concat([
    size,
    head.subarray(0, headBytes),
    ...arrays.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength),
    ),
  ])
}

/** @throws StateConsistencyError when the bytes are no model of this layout */
export function decodeModel(bytes: Uint8Array): RoutingModel {
  try {
    return decode(bytes)
  } catch (thrown) {
    throw new OrchestrationError('StateConsistencyError', 'the stored router cannot be read', {
      hint: 'it is trained anew when `aura serve` starts',
      cause: thrown,
    })
  }
}

function decode(bytes: Uint8Array): RoutingModel {
  // A copy of its own: SQLite's buffer may lie anywhere.
  const whole = Uint8Array.from(bytes)
  const headBytes = new DataView(whole.buffer).getUint32(0, true)
  const text = Buffer.from(whole.buffer, 4, headBytes).toString()
  const head = headSchema.parse(JSON.parse(text))
  let at = 4 + headBytes
  const [agentOf, buckets, weights, matrix, bias, denseMatrix, denseBias] = head.lengths.map(
    (length) => {
      const part = whole.buffer.slice(at, at + 4 * length)
      if (part.byteLength !== 4 * length) throw new Error('the bytes end too early')
      at += 4 * length
      return part
    },
  ) as [ArrayBuffer, ArrayBuffer, ArrayBuffer, ArrayBuffer, ArrayBuffer, ArrayBuffer, ArrayBuffer]
  const classes = head.classes.length
  const linear = (values: ArrayBuffer, biases: ArrayBuffer) => ({
    classes,
    matrix: new Float32Array(values),
    bias: new Float32Array(biases),
  })
  return {
    agents: head.agents,
    classes: head.classes,
    agentOf: new Int32Array(agentOf),
    tfIdf: new TfIdf({
      weighting: head.weighting,
      buckets: new Uint32Array(buckets),
      weights: new Float32Array(weights),
    }),
    lexical: linear(matrix, bias),
    fast: head.fast,
    both: head.both,
    dense:
      head.embedderId === null
        ? null
        : { embedderId: head.embedderId, model: linear(denseMatrix, denseBias) },
  }
}

function arraysOf({ agentOf, tfIdf, lexical, dense }: RoutingModel) {
  const none = new Float32Array(0)
  return [
    agentOf,
    tfIdf.buckets,
    tfIdf.weights,
    lexical.matrix,
    lexical.bias,
    dense?.model.matrix ?? none,
    dense?.model.bias ?? none,
  ]
}
