import { secretNameOf, type SecretPlace } from '../core/contracts/secret.ts'
import { OrchestrationError } from '../core/errors.ts'
import { isJsonObject, type JsonValue } from '../core/json.ts'

/** What stands where the text of a secret would be written down. */
const hidden = '[secret]'
/** A shorter text is no secret that could be told from other text. */
const hiddenCharactersMin = 4

/**
 * The secrets of one call: read when it is made, put into its input where the document names them, and taken out of
 * all that it answers, writes, publishes and logs. Data that looks like `{ $secret: NAME }` stays data.
 */
export class CallSecrets {
  readonly #texts: readonly string[]
  readonly #values = new Map<string, string>()
  readonly #places: readonly SecretPlace[]

  /**
   * @param read gives a secret by its name
   * @throws RefusedError, not retryable, for one that is not there
   */
  constructor(places: readonly SecretPlace[], read: (name: string) => string | undefined) {
    this.#places = places
    for (const { name } of places) {
      const value = read(name)
      if (value === undefined) throw missing(name)
      this.#values.set(name, value)
    }
    // As they are, and as they stand within JSON. A text that holds another one goes first.
    this.#texts = [...this.#values.values()]
      .filter(({ length }) => length >= hiddenCharactersMin)
      .flatMap((text) => [text, JSON.stringify(text).slice(1, -1)])
      .toSorted((a, b) => b.length - a.length)
  }

  /** @param input the call's own copy, which is changed */
  put(input: JsonValue): JsonValue {
    const root = { input }
    for (const { path, name } of this.#places) {
      const keys = ['input', ...path]
      const last = keys.pop() as string | number
      const holder = keys.reduce<unknown>(memberOf, root)
      if (secretNameOf(memberOf(holder, last) as JsonValue) !== name) continue
      ;(holder as Record<string | number, unknown>)[last] = this.#values.get(name)
    }
    return root.input
  }

  /** The same without any secret's text; values that are no plain data are left alone. */
  hide<T>(value: T): T {
    return this.#texts.length === 0 ? value : (this.#hidden(value) as T)
  }

  /** Whether it says a secret. */
  reveals(value: JsonValue): boolean {
    const text = JSON.stringify(value)
    return this.#texts.some((secret) => text.includes(secret))
  }

  #hidden(value: unknown): unknown {
    if (typeof value === 'string') {
      return this.#texts.reduce((text, secret) => text.replaceAll(secret, hidden), value)
    }
    if (Array.isArray(value)) return value.map((item) => this.#hidden(item))
    if (!isJsonObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.#hidden(key), this.#hidden(item)]),
    )
  }
}

function memberOf(holder: unknown, key: string | number): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return undefined
  return (holder as Record<string | number, unknown>)[key]
}

function missing(name: string): OrchestrationError {
  return new OrchestrationError('RefusedError', `there is no secret '${name}'`, {
    hint: `set the environment variable ${name} where the agents run, and redrive`,
    details: { secret: name },
  })
}

/** The refusal of a call inside another one whose input says a secret: it would be written down. */
export function tellsSecret(what: string): OrchestrationError {
  return new OrchestrationError(
    'RefusedError',
    `${what} calls another agent with the text of a secret, which would be recorded`,
    { hint: 'let that agent read the secret itself' },
  )
}

/** The refusal of a call whose input others would store on its way. */
export function keepsSecrets(what: string): OrchestrationError {
  return new OrchestrationError(
    'RefusedError',
    `${what} is called over a mesh, which keeps what it carries: no secret is sent there`,
    { hint: 'let the agent read the secret where it is hosted' },
  )
}
