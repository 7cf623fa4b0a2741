import { OrchestrationError } from '../core/errors.ts'
import { exitCodes } from './exit-code.ts'

/** How this process ends, if not by its verb. */
export interface ProcessEnd {
  /** What a reader should do when foreign code ends the process in the middle of the verb. */
  advice: string | null
  /** Ends the process at once, in the name of the verb. */
  now(code: number): never
}

/**
 * Notices when code of a module ends the process (`process.exit`) before the verb is done: that is told
 * like any other error, and the exit code says that nothing was finished.
 *
 * @param tell is called synchronously while the process exits
 */
export function watchProcessEnd(tell: (error: OrchestrationError) => void): ProcessEnd {
  let isOwn = false
  const end: ProcessEnd = {
    advice: null,
    now(code) {
      isOwn = true
      process.exit(code)
    },
  }
  process.on('exit', (code) => {
    // A nesting exit: whatever `tell` does must not be told again.
    if (isOwn) return
    isOwn = true
    process.exitCode = exitCodes.refused
    tell(
      new OrchestrationError(
        'AgentModuleError',
        `a module ended the process with process.exit(${code}) before the verb was done`,
        { hint: end.advice ?? 'take process.exit out of the agents and what they import' },
      ),
    )
  })
  return end
}
