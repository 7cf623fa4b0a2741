import * as z from 'zod'
import { patternNames } from '../../core/contracts/pattern.ts'
import { duration, expression, label, template } from './schema-values.ts'

/** What may be made of the outputs of a fan-out. */
export const fanOutStrategies = ['all', 'first', 'quorum', 'best', 'merge', 'reduce'] as const
/** How the votes of a consensus may be counted. */
export const consensusStrategies = ['unanimous', 'majority', 'weighted', 'borda', 'quorum'] as const

const strategies = Array.from(new Set([...consensusStrategies, ...fanOutStrategies]))

const joint = z
  .strictObject({
    map: template.optional().describe("The next stage's input, over `output`; default the output"),
    schema: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('JSON Schema 2020-12 that the output must match'),
  })
  .nullable()

export const pattern = z.enum(patternNames)

/** Options of every pattern in one; which go with which pattern is checked apart. */
export const patternOptions = z
  .strictObject({
    deadline: duration.optional().describe('Of the whole pattern; none by default'),
    strategy: z.enum(strategies).optional(),
    quorum: z.int().min(1).optional().describe('How many answers or votes are enough'),
    field: label.optional().describe('consensus: where an output has its vote; default choice'),
    choices: z.array(z.unknown()).min(1).max(1_000).optional().describe('What may be voted for'),
    weights: z.record(z.string(), z.number().min(0)).optional(),
    confidenceMin: z.number().min(0).max(1).optional(),
    invalid: z.enum(['abstain', 'fail']).optional().describe('What a vote is that cannot count'),
    veto: z.array(label).max(1_000).optional().describe('Agents that may rule choices out'),
    tieBreak: z.union([z.enum(['fail', 'order']), z.strictObject({ agent: label })]).optional(),
    failuresMax: z.int().min(0).optional().describe('fanOut: how many agents may fail'),
    score: expression.optional().describe('fanOut, best: the score of `output`'),
    reduce: z.strictObject({ agent: label, action: label }).optional(),
    joints: z.array(joint).max(1_000).optional().describe('pipeline: what lies behind each stage'),
    stopWhen: expression.optional().describe('pipeline: ends it early, over `output`'),
    actions: z
      .strictObject({ plan: label.optional(), work: label.optional(), review: label.optional() })
      .optional()
      .describe("hierarchical: default the step's action"),
    roundsMax: z.int().min(1).max(1_000).optional().describe('hierarchical: default 3'),
    teams: z.record(z.string(), z.array(label).min(1).max(1_000)).optional(),
  })
  .describe('Options of a pattern')

export type ParsedPatternOptions = z.output<typeof patternOptions>

/** The options that each pattern reads. */
export const patternOptionKeys = {
  pipeline: ['joints', 'stopWhen', 'deadline'],
  fanOut: ['strategy', 'quorum', 'failuresMax', 'score', 'reduce', 'deadline'],
  consensus: [
    'field',
    'strategy',
    'choices',
    'weights',
    'quorum',
    'confidenceMin',
    'invalid',
    'veto',
    'tieBreak',
    'deadline',
  ],
  hierarchical: ['actions', 'roundsMax', 'teams', 'deadline'],
} as const satisfies Readonly<
  Record<(typeof patternNames)[number], readonly (keyof ParsedPatternOptions)[]>
>
