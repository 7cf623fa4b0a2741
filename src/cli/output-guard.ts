/** A way around the guard: writes to the stream itself. */
export type RawWrite = (text: string) => boolean

/** Output of code that is not the verb's: agents that use `console.log`, warnings of Node. */
export interface ForeignOutput {
  readonly rawStdout: RawWrite
  readonly rawStderr: RawWrite
  /** Where foreign output goes; at first to stderr, so that the verb's answer on stdout stays whole. */
  sink: (text: string) => void
}

/** Takes over the two streams of this process for good. Callbacks of writers are honoured. */
export function guardOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): ForeignOutput {
  const rawStdout: RawWrite = stdout.write.bind(stdout)
  const rawStderr: RawWrite = stderr.write.bind(stderr)
  const foreign: ForeignOutput = { rawStdout, rawStderr, sink: (text) => rawStderr(text) }
  for (const stream of [stdout, stderr]) {
    stream.write = (chunk: unknown, encoding?: unknown, done?: unknown): boolean => {
      foreign.sink(
        typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('utf8'),
      )
      const callback = typeof encoding === 'function' ? encoding : done
      if (typeof callback === 'function') queueMicrotask(() => (callback as () => void)())
      return true
    }
  }
  return foreign
}
