import { parentPort } from 'node:worker_threads'
import { type Range, simulate } from './simulate.ts'

parentPort?.on('message', (range: Range) => {
  void simulate(range, { stopAtFirst: false }).then((findings) => parentPort?.postMessage(findings))
})
