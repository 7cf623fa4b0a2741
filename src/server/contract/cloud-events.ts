import { z } from 'zod'
import { component, jsonValue } from './components.ts'

const text = z.string().min(1).max(1_024)
/** Whether it is one is said by the reader of events, for every way in which they come. */
const time = z.string().meta({ format: 'date-time' })

/** An event in the JSON format of CloudEvents 1.0; extension attributes are taken and not looked at. */
export const cloudEventBody = component(
  'CloudEvent',
  z.looseObject({
    specversion: z.literal('1.0'),
    id: text.describe('Repeats of `source` and `id` start nothing.'),
    source: text,
    type: text,
    time: time.nullish(),
    subject: text.nullish(),
    data: jsonValue.optional(),
  }),
)

/** The attributes of an event in binary mode; its data is the body. */
export const cloudEventHeaders = z.object({
  'ce-specversion': z.literal('1.0').optional(),
  'ce-id': text.optional(),
  'ce-source': text.optional(),
  'ce-type': text.optional(),
  'ce-time': time.optional(),
  'ce-subject': text.optional(),
})

export const delivered = component(
  'Delivered',
  z.object({ started: z.array(z.string()).describe('Ids of the executions that it started.') }),
)
