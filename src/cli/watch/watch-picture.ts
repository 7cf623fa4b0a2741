import { plotSeries } from '../../tda/index.ts'
import { anomalyCells, anomalyRows } from '../anomaly-table.ts'
import type { CommandContext } from '../command-context.ts'
import { Screen } from '../terminal/screen.ts'
import { plainText } from '../terminal/width.ts'
import { momentText } from '../terminal/duration-text.ts'
import type { Told, Watched } from './watched.ts'

/** Shows what is watched. */
export interface WatchView {
  /** After each point. */
  changed(watched: Watched): void
  tell(told: Told): void
  end(watched: Watched): void
}

const frameMs = 150

/** One JSON object a line; a picture on a terminal; elsewhere a line for each beginning and end. */
export function watchView(context: CommandContext, title: string): WatchView {
  if (context.isJson) {
    return {
      changed() {},
      tell: (told) => context.say(JSON.stringify(told)),
      end() {},
    }
  }
  const isLive = context.stdout.isTTY === true && context.env.TERM !== 'dumb'
  return isLive ? livePicture(context, title) : plainLines(context, title)
}

function plainLines(context: CommandContext, title: string): WatchView {
  context.note(context.paintErr.dim(`watching ${plainText(title)}; Ctrl-C ends it`))
  return {
    changed() {},
    tell({ event, anomaly }) {
      const column = anomaly.column === null ? [] : [plainText(anomaly.column)]
      const cells = anomalyCells(anomaly, context.paintOut)
      context.say([event === 'opened' ? 'begins' : 'ended ', ...column, ...cells].join('  '))
    },
    end: (watched) => context.note(context.paintErr.dim(`${watched.points} points`)),
  }
}

function livePicture(context: CommandContext, title: string): WatchView {
  const screen = new Screen(context.stdout)
  const release = (): void => screen.release()
  // The cursor comes back however the process ends, except by kill -9.
  process.once('exit', release)
  let cancelFrame: (() => void) | null = null
  let shown: string | null = null
  const draw = (watched: Watched): void => {
    const column = watched.columns.includes(shown) ? shown : (watched.columns[0] ?? null)
    const { points, anomalies } = watched.recent(column)
    const paint = context.paintOut
    const last = points.at(-1)
    const head = `${paint.bold(plainText(title))}${column === null ? '' : ` ${plainText(column)}`}`
    const at =
      last === undefined
        ? 'no points yet'
        : `${Number(last.v.toPrecision(6))} at ${momentText(last.t)}`
    const height = Math.max(6, Math.min(16, screen.rows - anomalies.length - 3))
    screen.draw([
      `${head}  ${paint.dim(`${watched.points} points, ${at}`)}`,
      ...plotSeries(points, anomalies, { width: screen.columns - 1, height, color: paint.isOn }),
      ...anomalyRows(context, anomalies),
      paint.dim('Ctrl-C ends it'),
    ])
  }
  return {
    // The first of several changes is what draws, a frame later, so that the last one is seen too.
    changed(watched) {
      cancelFrame ??= context.clock.after(frameMs, () => {
        cancelFrame = null
        draw(watched)
      })
    },
    tell({ anomaly }) {
      shown = anomaly.column
    },
    end(watched) {
      cancelFrame?.()
      draw(watched)
      release()
      process.off('exit', release)
    },
  }
}
