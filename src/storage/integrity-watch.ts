import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { isOrchestrationError, messageOf, type OrchestrationError } from '../core/errors.ts'
import { checkIntegrity, faultsFound } from './integrity.ts'
import { damaged } from './storage-error.ts'

/** A check of a whole file. */
export interface IntegrityCheck {
  /** True once it has come to its end and found nothing. */
  readonly isSound: boolean
  stop(): void
}

/** The check of a file that was found sound before it was opened. */
export const finishedCheck: IntegrityCheck = { isSound: true, stop() {} }

/**
 * Checks a large file in a process of its own, which takes 2.3 s for a gigabyte. A thread would not do:
 * it cannot be stopped inside SQLite, so that this process could not end before the check has.
 *
 * @param onDamage told once when the file is damaged or the check did not come to an end
 */
export function checkBeside(
  path: string,
  onDamage: (damage: OrchestrationError) => void,
): IntegrityCheck {
  const code = `(await import(${JSON.stringify(import.meta.url)})).sayFaults(${JSON.stringify(path)})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let isStopped = false
  let isSound = false
  let said = ''
  const tell = (error: OrchestrationError): void => {
    if (isStopped) return
    isStopped = true
    onDamage(error)
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.on('error', () => tell(unchecked(path)))
  child.on('close', () => {
    const faults = faultsOf(said)
    if (faults === null) tell(unchecked(path))
    else if (faults.length > 0) tell(faultsFound(path, faults))
    else isSound = true
  })
  child.unref()
  ;(child.stdout as unknown as { unref(): void }).unref()
  return {
    get isSound() {
      return isSound
    },
    stop() {
      isStopped = true
      child.kill('SIGKILL')
    },
  }
}

/**
 * What that process does: checks the file and prints its faults as a JSON list, behind all other work.
 *
 * @public called by the code that the process is given
 */
export function sayFaults(path: string): void {
  setPriority(10)
  let faults: unknown = []
  try {
    checkIntegrity(new DatabaseSync(path, { readOnly: true, timeout: 5_000 }), path)
  } catch (thrown) {
    const found = isOrchestrationError(thrown) ? thrown.details?.['faults'] : undefined
    faults = found ?? [messageOf(thrown)]
  }
  process.stdout.write(JSON.stringify(faults))
}

function faultsOf(said: string): readonly string[] | null {
  try {
    return JSON.parse(said) as readonly string[]
  } catch {
    return null // the check died before it could say anything
  }
}

function unchecked(path: string): OrchestrationError {
  return damaged(path, 'it could not be checked for damage', {
    hint: 'look for what ended the check (memory, file descriptors), then open the file again',
  })
}
