import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { nearestOrAll } from '../src/core/nearest.ts'
import { mutants } from './mutants.ts'

/** Plants a bug in everything that is loaded from now on. Ends the process when there is no such mutant. */
export function plantMutant(name: string): void {
  const mutant = mutants.find((known) => known.name === name)
  if (mutant === undefined) {
    console.error(
      `sim: no mutant '${name}'; ${
        nearestOrAll(
          name,
          mutants.map((known) => known.name),
        ) ?? ''
      }`,
    )
    process.exit(2)
  }
  const target = pathToFileURL(new URL(`../${mutant.file}`, import.meta.url).pathname).href
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      if (url !== target || loaded.source == null) return loaded
      const source = Buffer.from(loaded.source as Uint8Array).toString()
      if (source.split(mutant.find).length !== 2) {
        console.error(`sim: mutant '${name}' does not fit ${mutant.file} any more`)
        process.exit(2)
      }
      return { ...loaded, source: source.replace(mutant.find, () => mutant.replace) }
    },
  })
}
