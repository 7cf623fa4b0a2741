import { z } from 'zod'
import { component, jsonObject, nextCursor } from './components.ts'
import { documentProblem } from './problems.ts'

export const workflowParams = z.object({ name: z.string() })

/** Either the document itself, or `{ document }`. */
export const registerBody = component(
  'RegisterRequest',
  jsonObject.describe('A workflow document, or `{ "document": … }`.'),
)

export const registered = component(
  'Registered',
  z.object({
    name: z.string(),
    version: z.string(),
    problems: z
      .array(documentProblem)
      .describe('Warnings only: with an error nothing is registered.'),
  }),
)

const trigger = component(
  'Trigger',
  z.union([
    z.object({ schedule: z.string(), timezone: z.string(), input: jsonObject }),
    z.object({ event: z.string(), when: z.string().nullable(), input: jsonObject }),
  ]),
)

export const workflowList = component(
  'WorkflowList',
  z.object({
    workflows: z.array(
      z.object({
        name: z.string(),
        version: z.string().describe('The highest one: only its triggers fire.'),
        description: z.string().nullable(),
        metadata: jsonObject,
        triggers: z.array(trigger),
        versions: z.array(z.string()).describe('All of them, highest first.'),
      }),
    ),
    nextCursor,
  }),
)

export const workflowVersions = component(
  'WorkflowVersions',
  z.object({
    name: z.string(),
    versions: z
      .array(
        z.object({
          version: z.string(),
          hash: z.string().describe('By which executions are pinned to it.'),
          document: jsonObject.describe('With every default filled in.'),
        }),
      )
      .describe('Highest first.'),
  }),
)
