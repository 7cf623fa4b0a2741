import { parseArgs } from 'node:util'
import { messageOf } from '../../src/core/errors.ts'
import { judgeFolder } from './judge-folder.ts'
import { reportOf, reportText } from './report.ts'

const workers = 2

/** `npm run -s eval:tda -- DIR [--json]`: the detector on a folder of the Numenta Anomaly Benchmark, standard profile. */
process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    const [folder] = positionals
    if (folder === undefined || positionals.length > 1)
      throw new Error('give one folder with combined_windows.json and its series')
    const report = reportOf(await judgeFolder(folder, workers))
    console.log(values.json ? JSON.stringify(report) : reportText(report))
    return 0
  } catch (thrown) {
    console.error(`eval:tda: ${messageOf(thrown)}`)
    return 2
  }
}
