import { resolve } from 'node:path'
import { parseDuration } from '../../core/duration.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { openSeries } from '../../tda/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { listenForInterruption } from '../interruption.ts'
import { followFile } from '../watch/followed-file.ts'
import { WatchPublisher } from '../watch/publisher.ts'
import { processMetrics, sampleProcess } from '../watch/process-metrics.ts'
import { watchView } from '../watch/watch-picture.ts'
import { Watched } from '../watch/watched.ts'
import type { WatchedPoint } from '../watch/watched.ts'

export interface WatchOptions {
  readonly column?: string
  readonly every: string
  readonly publish?: boolean
}

/** The shortest interval at which the own metrics are taken. */
const everyMsMin = 50

interface Source {
  readonly name: string
  readonly points: AsyncIterable<WatchedPoint>
}

/**
 * `aura tda watch [CSV|-]`: judges a growing file, standard input or the own process's metrics as points arrive.
 * Ends with the input (0), or by a signal (130 for Ctrl-C).
 */
export async function tdaWatch(
  context: CommandContext,
  file: string | undefined,
  options: WatchOptions,
): Promise<number> {
  const stop = new AbortController()
  const interruption = listenForInterruption(({ code }) => context.processEnd.now(code))
  let code: number = exitCodes.done
  void interruption.requested.then((interrupt) => {
    code = interrupt.code
    stop.abort()
    process.stdin.destroy()
  })
  try {
    const { name, points } = await openSource(context, { file, options, signal: stop.signal })
    const watched = new Watched(name)
    const publisher = options.publish === true ? await WatchPublisher.open(context, name) : null
    const view = watchView(context, name)
    try {
      for await (const point of points) {
        publisher?.take(point)
        for (const told of watched.take(point)) {
          publisher?.tell(told)
          view.tell(told)
        }
        view.changed(watched)
      }
      for (const told of watched.finish()) view.tell(told)
    } finally {
      view.end(watched)
      await publisher?.close()
      if (publisher !== null) context.note(`${publisher.published} events published`)
    }
    return code
  } catch (thrown) {
    if (stop.signal.aborted) return code
    throw thrown
  } finally {
    interruption.stopListening()
  }
}

async function openSource(
  context: CommandContext,
  asked: {
    readonly file: string | undefined
    readonly options: WatchOptions
    readonly signal: AbortSignal
  },
): Promise<Source> {
  const { file, options, signal } = asked
  const { clock } = context
  if (file === undefined) {
    const { column, every } = options
    if (column !== undefined && !processMetrics.some((metric) => metric === column))
      throw new OrchestrationError('UsageError', `the own process has no metric '${column}'`, {
        hint: `--column ${processMetrics.join(', ')}; left out, all are watched`,
      })
    const everyMs = parseDuration(every)
    if (everyMs === undefined || everyMs < everyMsMin)
      throw new OrchestrationError('UsageError', `--every '${every}' is no duration`, {
        hint: `write it like 1s or 500ms, at least ${everyMsMin}ms`,
      })
    return { name: 'process', points: only(column, sampleProcess(everyMs, { clock, signal })) }
  }
  const name = file === '-' ? 'stdin' : resolve(context.cwd, file)
  const text =
    file === '-' ? process.stdin.setEncoding('utf8') : followFile(name, { clock, signal })
  const series = await openSeries(name, { column: options.column, text })
  return { name, points: named(series.column, series.points) }
}

async function* named(
  column: string,
  points: AsyncIterable<{ readonly t: number; readonly v: number }>,
): AsyncGenerator<WatchedPoint> {
  for await (const { t, v } of points) yield { column, t, v }
}

async function* only(
  column: string | undefined,
  points: AsyncIterable<WatchedPoint>,
): AsyncGenerator<WatchedPoint> {
  for await (const point of points) if (column === undefined || point.column === column) yield point
}
