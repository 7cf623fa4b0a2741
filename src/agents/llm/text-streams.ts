/** A piece of a model's answer as it is written. */
export type TextListener = (delta: string) => void

const listeners = new Map<string, TextListener>()

/**
 * Who listens to a model call that streams, by the stream's name. A model call is recorded, so it can carry no
 * function; listener and model must be in the same process, else nothing is streamed.
 *
 * @returns ends the listening
 */
export function listenToText(stream: string, listener: TextListener): () => void {
  listeners.set(stream, listener)
  return () => listeners.delete(stream)
}

/** Undefined where nobody listens. */
export function textListener(stream: string | null): TextListener | undefined {
  return stream === null ? undefined : listeners.get(stream)
}
