import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../src/core/clock.ts'
import { median } from './median.ts'

/**
 * `atOnce`: all clients start one five-step execution together, round after round. `closedLoop`: each
 * client starts its next one when the last is done. `alone`: a closed loop of one. `fan`: one at a
 * time, of the shape 1 → 10 parallel → 1.
 */
export type FloorMode = 'atOnce' | 'closedLoop' | 'alone' | 'fan'

export interface FloorOptions {
  readonly mode: FloorMode
  /** Executions under way at the same time; default 1,000 at once, 64 in the closed loop, else 1. */
  readonly concurrency?: number
  /** Executions measured in all; default 20,000 (`alone` and `fan`: 1,000). */
  readonly executions?: number
  /** Where the file is made and removed; default the system's directory for temporary files. */
  readonly directory?: string
}

/** What the bare loop reaches; times in milliseconds. */
export interface FloorResult {
  readonly mode: FloorMode
  readonly concurrency: number
  readonly executions: number
  readonly steps: number
  readonly rows: number
  readonly commits: number
  readonly stepsPerSecond: number
  /** From the start of an execution until its last row is on disk. */
  readonly totalMsP50: number
  readonly commitMsP50: number
}

/** A shape is how many rows each of its turns records: its start, then what its steps record. */
interface Shape {
  readonly steps: number
  readonly turns: readonly number[]
}

const fiveSteps: Shape = { steps: 5, turns: [1, 1, 1, 1, 1, 1] }
const oneTenOne: Shape = { steps: 12, turns: [1, 1, 10, 1] }
const payload = 'x'.repeat(150)

interface Running {
  readonly execution: number
  readonly startedMs: number
  turn: number
  seq: number
}

/**
 * The floor of the engine's benchmarks: what a bare loop over node:sqlite reaches that records the same
 * number of rows, and nothing else. A new file, WAL, synchronous=FULL, one transaction per turn of the
 * event loop (`setImmediate` between two), one index on (execution, seq); a row is written only after the
 * one before it of its execution is on disk.
 *
 * The loop is bare: it goes over the executions itself, no promise of theirs is awaited. A program
 * with an async function per execution that awaits the commit of each row was tried as a floor, too: it
 * reaches about a tenth less at once and a twentieth less in the closed loop. The harder one was kept.
 */
export async function floor(options: FloorOptions): Promise<FloorResult> {
  const isSingle = options.mode === 'alone' || options.mode === 'fan'
  const concurrency = options.concurrency ?? (isSingle ? 1 : options.mode === 'atOnce' ? 1_000 : 64)
  const executions = options.executions ?? (isSingle ? 1_000 : 20_000)
  const shape = options.mode === 'fan' ? oneTenOne : fiveSteps
  const directory = mkdtempSync(join(options.directory ?? tmpdir(), 'floor-'))
  const loop = new BareLoop(join(directory, 'floor.db'), shape)
  try {
    await loop.run(concurrency, Math.min(executions, concurrency), false)
    loop.forget()
    const startedMs = systemClock.monotonicMs()
    await loop.run(concurrency, executions, options.mode === 'atOnce')
    const elapsedMs = systemClock.monotonicMs() - startedMs
    const steps = executions * shape.steps
    return {
      mode: options.mode,
      concurrency,
      executions,
      steps,
      rows: executions * shape.turns.reduce((sum, rows) => sum + rows, 0),
      commits: loop.commitMs.length,
      stepsPerSecond: (steps * 1_000) / elapsedMs,
      totalMsP50: median(loop.totalMs),
      commitMsP50: median(loop.commitMs),
    }
  } finally {
    loop.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

class BareLoop {
  readonly totalMs: number[] = []
  readonly commitMs: number[] = []
  readonly #database: DatabaseSync
  readonly #shape: Shape
  #executions = 0

  constructor(path: string, shape: Shape) {
    this.#shape = shape
    this.#database = new DatabaseSync(path)
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE rows (position INTEGER PRIMARY KEY, execution INTEGER, seq INTEGER, payload TEXT);
      CREATE INDEX rows_by_execution ON rows (execution, seq);
    `)
  }

  forget(): void {
    this.totalMs.length = 0
    this.commitMs.length = 0
  }

  /** Runs `count` executions, `concurrency` at a time; in rounds, none starts before all others are done. */
  run(concurrency: number, count: number, isInRounds: boolean): Promise<void> {
    const begin = this.#database.prepare('BEGIN IMMEDIATE')
    const insert = this.#database.prepare(
      'INSERT INTO rows (execution, seq, payload) VALUES (?, ?, ?)',
    )
    const commit = this.#database.prepare('COMMIT')
    const { turns } = this.#shape
    let left = count
    let running: Running[] = []
    const refill = (): void => {
      if (isInRounds && running.length > 0) return
      const startedMs = systemClock.monotonicMs()
      for (; running.length < concurrency && left > 0; left--) {
        running.push({ execution: ++this.#executions, startedMs, turn: 0, seq: 0 })
      }
    }
    const turn = (): void => {
      const beganMs = systemClock.monotonicMs()
      begin.run()
      for (const one of running) {
        const rows = turns[one.turn++] as number
        for (let i = 0; i < rows; i++) insert.run(one.execution, ++one.seq, payload)
      }
      commit.run()
      const nowMs = systemClock.monotonicMs()
      this.commitMs.push(nowMs - beganMs)
      running = running.filter((one) => {
        if (one.turn < turns.length) return true
        this.totalMs.push(nowMs - one.startedMs)
        return false
      })
    }
    return new Promise((resolve, reject) => {
      const next = (): void => {
        try {
          refill()
          if (running.length === 0) return resolve()
          turn()
          setImmediate(next)
        } catch (thrown) {
          reject(thrown)
        }
      }
      next()
    })
  }

  close(): void {
    this.#database.close()
  }
}
