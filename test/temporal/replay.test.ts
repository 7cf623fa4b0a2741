import { readdirSync, readFileSync } from 'node:fs'
import * as module from '@temporalio/worker'
import { expect, test } from 'vitest'
import { workflowBundle } from '../../src/integrations/temporal/bundle.ts'

const folder = new URL('../fixtures/temporal-histories/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

function histories(change = (text: string): string => text) {
  return files.map((name) => ({
    workflowId: name,
    history: JSON.parse(change(readFileSync(new URL(name, folder), 'utf8'))) as unknown,
  }))
}

async function faults(of: ReturnType<typeof histories>): Promise<readonly string[]> {
  const options = { workflowBundle: await workflowBundle(module) }
  const found: string[] = []
  for await (const { workflowId, error } of module.Worker.runReplayHistories(options, of))
    if (error !== undefined) found.push(`${workflowId}: ${error.message}`)
  return found
}

test('every recorded history replays to the decisions that are in it', async () => {
  // Where this fails, executions that are open under Temporal would break: CONTRIBUTING.md says what to do.
  expect(files.length).toBeGreaterThan(9)
  expect(await faults(histories())).toEqual([])
}, 120_000)

test('a history of which a decision was another one is found out', async () => {
  const [first] = histories((text) => text.replaceAll('callAgent', 'callNobody'))
  expect(await faults(first === undefined ? [] : [first])).toHaveLength(1)
}, 120_000)
