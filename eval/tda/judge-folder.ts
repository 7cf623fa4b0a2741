import { Worker } from 'node:worker_threads'
import type { JudgedSeries } from './judge-series.ts'
import { readEntries } from './nab-corpus.ts'

/**
 * Judges every series of a folder laid out like the benchmark's, `workers` at a time; in order of their names.
 *
 * @throws Error when the folder holds no series, or one that cannot be read.
 */
export async function judgeFolder(folder: string, workers: number): Promise<JudgedSeries[]> {
  const waiting = [...readEntries(folder)]
  const judged: JudgedSeries[] = []
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('judge-worker.ts', import.meta.url), { workerData: folder })
      const next = (): void => {
        const entry = waiting.shift()
        if (entry !== undefined) worker.postMessage(entry, [])
        else void worker.terminate().then(() => resolve(), reject)
      }
      worker.on('message', (series: JudgedSeries) => {
        judged.push(series)
        next()
      })
      worker.on('error', (thrown) => {
        // The other workers finish what they are at.
        waiting.length = 0
        reject(thrown)
      })
      next()
    })
  await Promise.all(Array.from({ length: workers }, work))
  return judged.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
