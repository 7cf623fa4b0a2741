import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** One thing that happened outside of the engine. */
export interface Noted {
  readonly what: string
  readonly key: string
  /** What else is to be known of it; empty for nothing. */
  readonly more: string
}

/**
 * What happened outside, a line each: `what key more`. Appended with one write, so that a process that is
 * killed has either written the whole line or nothing. One process writes at a time and knows what earlier
 * ones wrote.
 */
export class OutsideLog {
  readonly #file: number
  readonly #counts = new Map<string, number>()
  /** Called after something was noted. */
  onNote: (what: string) => void = () => {}

  constructor(path: string) {
    for (const { what, key } of readOutsideLog(path)) this.#add(`${what} ${key}`)
    this.#file = openSync(path, 'a')
  }

  note(what: string, key: string, more = ''): void {
    writeSync(this.#file, `${what} ${key} ${more}\n`)
    this.#add(`${what} ${key}`)
    this.onNote(what)
  }

  /** How often that was noted. */
  count(what: string, key: string): number {
    return this.#counts.get(`${what} ${key}`) ?? 0
  }

  has(what: string, key: string): boolean {
    return this.count(what, key) > 0
  }

  /** The keys under which something of the kind was noted, the oldest first. */
  keys(what: string): readonly string[] {
    return Array.from(this.#counts.keys())
      .filter((line) => line.startsWith(`${what} `))
      .map((line) => line.slice(what.length + 1))
  }

  close(): void {
    closeSync(this.#file)
  }

  #add(line: string): void {
    this.#counts.set(line, (this.#counts.get(line) ?? 0) + 1)
  }
}

/** Everything that was noted, the oldest first. */
export function readOutsideLog(path: string): readonly Noted[] {
  return readFileSync(path, { encoding: 'utf8', flag: 'a+' })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [what = '', key = '', ...more] = line.split(' ')
      return { what, key, more: more.join(' ') }
    })
}
