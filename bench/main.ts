import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../src/core/errors.ts'
import { benchTable } from './bench-table.ts'
import { measure, usualWorkloads, workloads } from './workloads.ts'

/** `npm run -s bench -- [--json] [--only W3,W5]`: the engine's figures beside those of a bare loop. */
process.exitCode = await main()

interface Asked {
  readonly json: boolean
  readonly names: readonly string[]
}

async function main(): Promise<number> {
  let asked: Asked
  try {
    asked = readArguments()
  } catch (thrown) {
    console.error(`bench: ${messageOf(thrown)}`)
    return 2
  }
  // In the checkout and not among temporary files, which are often in memory: a commit has to reach a disk.
  const parent = join(import.meta.dirname, '..', '.aura')
  mkdirSync(parent, { recursive: true })
  const directory = mkdtempSync(join(parent, 'bench-'))
  try {
    const results = await measure(directory, asked.names, (group) => {
      if (process.stderr.isTTY) console.error(`measuring ${group.join(' and ')} …`)
    })
    console.log(asked.json ? JSON.stringify({ results }) : benchTable(results))
    return 0
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** @throws Error that says what is wrong with the arguments */
function readArguments(): Asked {
  const { values } = parseArgs({
    options: { json: { type: 'boolean', default: false }, only: { type: 'string' } },
  })
  const { json, only } = values
  if (only === undefined) return { json, names: usualWorkloads }
  const names = only.split(',').map((name) => name.trim())
  for (const name of names) {
    if (workloads.includes(name)) continue
    throw new Error(`unknown workload '${name}'; --only takes ${workloads.join(', ')}`)
  }
  return { json, names }
}
