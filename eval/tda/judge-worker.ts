import { parentPort, workerData } from 'node:worker_threads'
import { judgeSeries } from './judge-series.ts'
import type { NabEntry } from './nab-corpus.ts'

/** Judges the series that its messages name, one after the other. */
const folder = workerData as string
parentPort?.on('message', (entry: NabEntry) => {
  parentPort?.postMessage(judgeSeries(folder, entry), [])
})
