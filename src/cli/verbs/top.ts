import { isOrchestrationError } from '../../core/errors.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { cutToWidth } from '../terminal/width.ts'
import { Screen } from '../terminal/screen.ts'
import { MissingAgents } from '../top/missing-agents.ts'
import { listedMax, OpenExecutions } from '../top/open-executions.ts'
import type { TopSnapshot } from '../top/open-executions.ts'
import { topLines } from '../top/top-lines.ts'

/** How often the picture is drawn anew. */
const refreshMs = 1_000
/** For how many executions the owner is asked, for one picture of many and for the only one. */
const askedMax = 20
const askedOnceMax = 200
const empty: TopSnapshot = {
  atMs: 0,
  counts: { running: 0, waiting: 0, paused: 0, pending: 0 },
  rates: null,
  executions: [],
}

/**
 * `aura top`: the open executions, live on a terminal until `q`; elsewhere and with `--json` as they
 * stand now. Works beside an owner and without one.
 */
export async function top(context: CommandContext): Promise<number> {
  const isLive =
    !context.isJson &&
    context.stdout.isTTY === true &&
    context.env.TERM !== 'dumb' &&
    process.stdin.isTTY
  if (isLive) return watch(context)
  const atMs = context.clock.nowMs()
  using opened = openAt(context)
  const missing = new MissingAgents(context.databasePath)
  const snapshot = await snapshotOf({ opened, missing }, atMs, {
    listedMax,
    askedMax: askedOnceMax,
  })
  if (context.isJson) context.json(snapshot)
  else context.say(topLines(snapshot, context.paintOut, context.stdout).join('\n'))
  return exitCodes.done
}

/** Null when the file is not there yet. */
function openAt({ databasePath }: CommandContext): OpenExecutions | null {
  try {
    return new OpenExecutions(databasePath)
  } catch (thrown) {
    if (isOrchestrationError(thrown) && thrown.code === 'NotFoundError') return null
    throw thrown
  }
}

/** What is recorded, and what only the owner knows. */
async function snapshotOf(
  from: { readonly opened: OpenExecutions | null; readonly missing: MissingAgents },
  atMs: number,
  most: { readonly listedMax: number; readonly askedMax: number },
): Promise<TopSnapshot> {
  const { opened, missing } = from
  if (opened === null) return { ...empty, atMs }
  const snapshot = opened.snapshot(atMs, most.listedMax)
  return missing.explain(snapshot, opened.unexplained, most.askedMax)
}

async function watch(context: CommandContext): Promise<number> {
  const screen = new Screen(context.stdout)
  const quit = quitKey()
  const missing = new MissingAgents(context.databasePath)
  let opened: OpenExecutions | null = null
  try {
    for (;;) {
      opened ??= openAt(context)
      const atMs = context.clock.nowMs()
      const most = { listedMax: screen.rows, askedMax }
      const snapshot = await snapshotOf({ opened, missing }, atMs, most)
      // Rows are cut here, not wrapped: the picture shows as many executions as it has rows.
      const lines = topLines(snapshot, context.paintOut, {})
      const shown = lines.slice(0, screen.rows - 1)
      const more = lines.length - shown.length
      screen.draw([
        ...shown.map((line) => cutToWidth(line, screen.columns - 1)),
        context.paintOut.dim(more > 0 ? `${more} more; q quits` : 'q quits'),
      ])
      const code = await Promise.race([quit.pressed, pause(context)])
      if (code !== null) return code
    }
  } finally {
    screen.release()
    quit.stopListening()
    opened?.[Symbol.dispose]()
  }
}

function pause(context: CommandContext): Promise<null> {
  return new Promise((resolve) => context.clock.after(refreshMs, () => resolve(null)))
}

/** Resolves with the exit code at `q` or Ctrl-C. */
function quitKey(): { readonly pressed: Promise<number>; stopListening(): void } {
  const { promise: pressed, resolve } = Promise.withResolvers<number>()
  const onKey = (key: Buffer): void => {
    const text = key.toString('utf8')
    if (text === 'q' || text === 'Q') resolve(exitCodes.done)
    if (text === '\u0003') resolve(exitCodes.interrupted)
  }
  process.stdin.setRawMode(true)
  process.stdin.on('data', onKey)
  return {
    pressed,
    stopListening() {
      process.stdin.off('data', onKey)
      process.stdin.setRawMode(false)
      process.stdin.pause()
    },
  }
}
