import type { FlagSource } from '../../core/contracts/flags.ts'
import { OrchestrationError } from '../../core/errors.ts'

const prefix = 'AURA_FLAG_'
const values: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['off', false],
  ['0', false],
])

/**
 * Flags from environment variables: `AURA_FLAG_INCIDENT_RESPONSE=on` turns `incident-response` on. Values
 * are `true on 1` and `false off 0` in any case. They are read once.
 */
export class EnvironmentFlags implements FlagSource {
  readonly #byVariable = new Map<string, boolean>()

  /**
   * @param environment variables by name, those of others included
   * @throws InputError naming every variable that has another value
   */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    const faults: string[] = []
    for (const [name, text] of Object.entries(environment)) {
      if (!name.startsWith(prefix) || text === undefined) continue
      const isOn = values.get(text.trim().toLowerCase())
      if (isOn === undefined) faults.push(`${name}='${text.slice(0, 40)}'`)
      else this.#byVariable.set(name, isOn)
    }
    if (faults.length === 0) return
    throw new OrchestrationError('InputError', `no value of a feature flag: ${faults.join(', ')}`, {
      hint: 'write true, on or 1, or false, off or 0; or unset it',
    })
  }

  decide(flag: string): boolean | undefined {
    return this.#byVariable.get(variableOf(flag))
  }

  isOn(flag: string): boolean {
    return this.decide(flag) ?? false
  }
}

/** The variable of a flag: upper case, with `_` for whatever is no letter and no digit. */
function variableOf(flag: string): string {
  return prefix + flag.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
}
