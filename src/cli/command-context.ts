import type { Clock } from '../core/clock.ts'
import type { ForeignOutput } from './output-guard.ts'
import type { ProcessEnd } from './process-end.ts'
import type { TemporalFlags } from './temporal/place.ts'
import type { Paint } from './terminal/paint.ts'
import type { TerminalStream } from './terminal/screen.ts'

export interface OutputStream extends TerminalStream {
  readonly isTTY?: boolean
}

/** What a verb may know and touch of the world around it. */
export interface CommandContext {
  /** `--json`: exactly one JSON document on `stdout`, everything else on `stderr`. */
  readonly isJson: boolean
  /** Absolute path of the database file. */
  readonly databasePath: string
  /** Where Temporal is, as flags say it, for a verb with `--engine temporal`; null for one on the file. */
  readonly temporal: TemporalFlags | null
  /** `--db PATH` or `--engine temporal …`, quoted, where the default is not in use, for commands that people copy; else the empty text. */
  readonly placeArgument: string
  /** How this program is called from where the user stands: `aura`, or a path to it. */
  readonly commandName: string
  /** Of Aura. */
  readonly version: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly paintOut: Paint
  readonly paintErr: Paint
  /** Where output goes that is not the verb's own. */
  readonly foreign: ForeignOutput
  readonly processEnd: ProcessEnd
  /** Writes the one JSON document of the verb. */
  json(value: unknown): void
  /** Writes lines of the verb's answer to a person on `stdout`. */
  say(text: string): void
  /** Writes a line of advice on `stderr`. */
  note(text: string): void
}
