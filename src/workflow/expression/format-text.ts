import type { Evaluation } from './evaluation.ts'
import { toJsonValue } from './to-json.ts'
import type { Value } from './values.ts'
import { asInt, typeOf } from './values.ts'

const verbPattern = /%(?:\.(\d{1,2}))?([a-zA-Z%])|%/g

/**
 * Fills `%s` (text as it is, anything else as compact JSON), `%d` (int), `%f` and `%.2f` (decimals, six by
 * default, at most 20) and `%%`.
 *
 * @throws ExpressionFault for another verb, a value that a verb cannot show, or too few or many values
 */
export function formatText(format: string, values: readonly Value[], run: Evaluation): string {
  run.work(format.length)
  let next = 0
  let end = 0
  const pieces: string[] = []
  const add = (piece: string): void => {
    run.build(piece.length)
    pieces.push(piece)
  }
  for (const match of format.matchAll(verbPattern)) {
    add(format.slice(end, match.index))
    end = match.index + match[0].length
    if (match[0] === '%%') add('%')
    else {
      if (next >= values.length) throw run.fault(`\`format\` has no value for \`${match[0]}\``)
      add(
        formatOne(
          { verb: match[2] ?? '', digits: match[1], text: match[0] },
          values[next++] as Value,
          run,
        ),
      )
    }
  }
  if (next < values.length) {
    throw run.fault(`\`format\` got ${values.length} values for ${next} places`)
  }
  add(format.slice(end))
  return pieces.join('')
}

interface Verb {
  readonly verb: string
  readonly digits: string | undefined
  readonly text: string
}

function formatOne({ verb, digits, text }: Verb, value: Value, run: Evaluation): string {
  if (verb === 's' && digits === undefined) return shownText(value, run)
  if (verb === 'd' && digits === undefined) {
    const int = asInt(value)
    if (int !== undefined) return int.toString()
    throw run.fault(`\`%d\` needs an int, found ${typeOf(value)}`)
  }
  if (verb === 'f') {
    const places = digits === undefined ? 6 : Number(digits)
    if (places > 20) throw run.fault(`\`${text}\` asks for more than 20 decimals`)
    if (typeof value === 'number' || typeof value === 'bigint') return fixed(value, places)
    throw run.fault(`\`%f\` needs a number, found ${typeOf(value)}`)
  }
  throw run.fault(`\`format\` does not know \`${text}\``, 'it knows %s, %d, %f, %.2f and %%')
}

/** Decimal text that never falls into exponent form, as `toFixed` does from 1e21. */
function fixed(value: number | bigint, places: number): string {
  const number = Number(value)
  const isLarge =
    typeof value === 'bigint' || (Number.isInteger(number) && Math.abs(number) >= 1e21)
  if (!isLarge) return number.toFixed(places)
  return `${BigInt(value)}${places === 0 ? '' : `.${'0'.repeat(places)}`}`
}

/** Text as it is, any other value as compact JSON: what `%s` shows. */
function shownText(value: Value, run: Evaluation): string {
  return typeof value === 'string' ? value : JSON.stringify(toJsonValue(value, run))
}
