import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../../src/core/errors.ts'
import { alignedLines, numberText } from '../aligned-lines.ts'
import { type DagRow, runDag } from './dag-run.ts'
import { readInstance, scaledTo, type WfTask } from './wf-instance.ts'

/** `npm run -s bench:dags -- DIR [--json]`: recorded workflows run again, each scaled to a critical path of 3 s. */
process.exitCode = await main()

interface Instance {
  readonly name: string
  readonly tasks: readonly WfTask[]
}

async function main(): Promise<number> {
  let instances: readonly Instance[]
  let isJson: boolean
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    isJson = values.json
    const [folder] = positionals
    if (folder === undefined || positionals.length > 1)
      throw new Error('give one folder of workflows in WfFormat 1.5')
    instances = readFolder(folder)
  } catch (thrown) {
    console.error(`bench:dags: ${messageOf(thrown)}`)
    return 2
  }
  // In the checkout and not among temporary files, which are often in memory: a commit has to reach a disk.
  const parent = join(import.meta.dirname, '..', '..', '.aura')
  mkdirSync(parent, { recursive: true })
  const directory = mkdtempSync(join(parent, 'dags-'))
  try {
    const dags = await runAll(directory, instances)
    console.log(isJson ? JSON.stringify({ dags }) : dagTable(dags))
    return 0
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** @throws Error when there is no instance in the folder, or a broken one */
function readFolder(folder: string): readonly Instance[] {
  const instances: Instance[] = []
  for (const file of readdirSync(folder).toSorted()) {
    if (!file.endsWith('.json')) continue
    const tasks = readInstance(join(folder, file))
    if (tasks !== null) instances.push({ name: basename(file, '.json'), tasks })
  }
  if (instances.length === 0) throw new Error(`${folder} has no workflow in WfFormat 1.5`)
  return instances
}

/** One after the other, so that none waits for another. */
async function runAll(
  directory: string,
  instances: readonly Instance[],
): Promise<readonly DagRow[]> {
  const rows: DagRow[] = []
  for (const { name, tasks } of instances) {
    if (process.stderr.isTTY) console.error(`running ${name} …`)
    rows.push(await runDag({ directory, name, tasks: scaledTo(3_000, tasks) }))
  }
  return rows
}

function dagTable(rows: readonly DagRow[]): string {
  const head = ['workflow', 'tasks', 'critical path ms', 'makespan ms', 'ratio', 'overhead ms/task']
  const cells = rows.map((row) => [
    row.name,
    String(row.tasks),
    numberText(row.criticalPathMs),
    numberText(row.makespanMs),
    row.makespanRatio.toFixed(3),
    numberText(row.overheadMsPerTask),
  ])
  return alignedLines([head, ...cells], (column) => column > 0)
}
