import type { LogEntry, ProgressNote } from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import { timeOfDayText } from '../terminal/duration-text.ts'
import { Screen } from '../terminal/screen.ts'
import { eventText, isProgressLine } from './plain-line.ts'
import type { ProgressModel } from './progress-model.ts'
import { treeLines } from './tree-lines.ts'

/** Shows a running execution to whoever started it. */
export interface LiveProgress {
  event(entry: LogEntry): void
  note(note: ProgressNote): void
  /** Writes a line that stays, above the tree. */
  print(text: string): void
  /** Draws the last picture and lets go of the terminal. Calling it again does nothing. */
  stop(): void
}

const frameMs = 80

/** A tree that is kept up to date on a terminal, plain lines elsewhere; both on stderr. */
export function startProgress(context: CommandContext, model: ProgressModel): LiveProgress {
  const isLive = context.stderr.isTTY === true && context.env.TERM !== 'dumb'
  return isLive ? liveTree(context, model) : plainProgress(context, model)
}

function plainProgress(context: CommandContext, model: ProgressModel): LiveProgress {
  const { paintErr } = context
  return {
    event(entry) {
      const isNew = entry.seq > model.lastSeq
      model.take(entry)
      if (isNew && isProgressLine(entry)) {
        context.note(`${paintErr.dim(timeOfDayText(entry.atMs))}  ${eventText(entry)}`)
      }
    },
    note: (note) => model.takeNote(note),
    print: (text) => context.note(text),
    stop() {},
  }
}

function liveTree(context: CommandContext, model: ProgressModel): LiveProgress {
  const screen = new Screen(context.stderr)
  const draw = (): void => {
    const nowMs = context.clock.nowMs()
    screen.draw(
      treeLines(model, {
        nowMs,
        rows: screen.rows,
        columns: screen.columns,
        paint: context.paintErr,
      }),
    )
  }
  let isStopped = false
  let cancelFrame: (() => void) | null = null
  const nextFrame = (): void => {
    cancelFrame = context.clock.after(frameMs, () => {
      draw()
      nextFrame()
    })
  }
  // The cursor comes back however the process ends, except by kill -9.
  const release = (): void => screen.release()
  process.once('exit', release)
  draw()
  nextFrame()
  return {
    event: (entry) => model.take(entry),
    note: (note) => model.takeNote(note),
    print(text) {
      screen.print(text)
      if (!isStopped) draw()
    },
    stop() {
      if (isStopped) return
      isStopped = true
      cancelFrame?.()
      draw()
      screen.release()
      process.off('exit', release)
    },
  }
}
