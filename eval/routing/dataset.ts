import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** One labelled task of a data set; `agent` is its domain where it has one, else its label. */
export interface LabelledTask {
  readonly text: string
  readonly label: string
  readonly agent: string
}

/** A data set as the evaluation uses it; parts that the file lacks are empty. */
export interface RoutingData {
  readonly train: readonly LabelledTask[]
  readonly val: readonly LabelledTask[]
  readonly test: readonly LabelledTask[]
  readonly outsideTrain: readonly string[]
  readonly outsideVal: readonly string[]
  readonly outsideTest: readonly string[]
  /** Descriptions of tools by label. */
  readonly descriptions: ReadonlyMap<string, string>
}

const rowSchema = z.object({
  text: z.string(),
  intent: z.string().optional(),
  tool: z.string().optional(),
  domain: z.string().optional(),
})
const rows = z.array(rowSchema).default([])
const fileSchema = z.object({
  train: rows,
  val: rows,
  test: rows,
  oos_train: rows,
  oos_val: rows,
  oos_test: rows,
  tools: z.record(z.string(), z.string()).default({}),
})

/** @throws Error when the file cannot be read or has another shape */
export function readRoutingData(path: string): RoutingData {
  const file = fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  return {
    train: file.train.map(labelled),
    val: file.val.map(labelled),
    test: file.test.map(labelled),
    outsideTrain: textsOf(file.oos_train),
    outsideVal: textsOf(file.oos_val),
    outsideTest: textsOf(file.oos_test),
    descriptions: new Map(Object.entries(file.tools)),
  }
}

function textsOf(part: readonly z.infer<typeof rowSchema>[]): readonly string[] {
  return part.map(({ text }) => text)
}

function labelled(row: z.infer<typeof rowSchema>): LabelledTask {
  const label = row.intent ?? row.tool
  if (label === undefined) throw new Error(`'${row.text}' has neither intent nor tool`)
  return { text: row.text, label, agent: row.domain ?? label }
}
