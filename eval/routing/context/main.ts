import { parseArgs } from 'node:util'
import { messageOf } from '../../../src/core/errors.ts'
import { readRoutingData } from '../dataset.ts'
import { contextFigures } from './context-figures.ts'
import { nabMoments } from './nab-moments.ts'

/** `npm run -s eval:context -- NAB_FOLDER ROUTING_FILE [--json]`: how much the TDA context helps with unclear tasks. */
process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    const [folder, file] = positionals
    if (folder === undefined || file === undefined)
      throw new Error('name the folder of NAB and a file of tasks with domains')
    const data = readRoutingData(file)
    const figures = await contextFigures(await nabMoments(folder), data)
    if (values.json) console.log(JSON.stringify(figures))
    else console.table(figures)
    return 0
  } catch (thrown) {
    console.error(`eval:context: ${messageOf(thrown)}`)
    return 2
  }
}
