import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from './command-context.ts'

/** How a verb is added: its action gives the exit code. */
export interface VerbHost {
  readonly program: Command
  /** Runs the verb's work in its context and keeps the exit code. */
  readonly run: (work: (context: CommandContext) => Promise<number>) => Promise<void>
}

/** An option that may be given several times: its values in order; undefined when it is not given. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser(
    (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
  )
}

/** Refuses an empty text where a name is needed. */
export function nonEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('it is empty.')
  return value
}

/** A whole number from 1 on. */
export function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value))
    throw new InvalidArgumentError('it is no whole number from 1 on.')
  return Number(value)
}
