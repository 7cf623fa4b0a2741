import type { Evaluation } from './evaluation.ts'
import { formatText } from './format-text.ts'
import type { FunctionSpec } from './function-spec.ts'
import { intAt, listAt, textAt } from './function-spec.ts'
import { matches } from './patterns.ts'
import type { Value } from './values.ts'
import { typeOf } from './values.ts'

/** Functions over text. Indexes and sizes count code points. */
export const textFunctions: readonly FunctionSpec[] = [
  {
    name: 'contains',
    forms: 'method',
    arity: [2, 2],
    returns: 'bool',
    signature: 'text.contains(part)',
    summary: 'whether a text has another in it',
    call: (args, run) => read(args, run).includes(textAt(args, 1, run)),
  },
  {
    name: 'startsWith',
    forms: 'method',
    arity: [2, 2],
    returns: 'bool',
    signature: 'text.startsWith(part)',
    summary: 'whether a text begins with another',
    call: (args, run) => read(args, run).startsWith(textAt(args, 1, run)),
  },
  {
    name: 'endsWith',
    forms: 'method',
    arity: [2, 2],
    returns: 'bool',
    signature: 'text.endsWith(part)',
    summary: 'whether a text ends with another',
    call: (args, run) => read(args, run).endsWith(textAt(args, 1, run)),
  },
  {
    name: 'matches',
    forms: 'both',
    arity: [2, 2],
    returns: 'bool',
    signature: 'text.matches(pattern)',
    summary: 'whether an RE2 pattern occurs in a text; linear time, no look-around',
    call: (args, run) => matches(textAt(args, 0, run), textAt(args, 1, run), run),
  },
  {
    name: 'lowerAscii',
    forms: 'method',
    arity: [1, 1],
    returns: 'string',
    signature: 'text.lowerAscii()',
    summary: 'a text with A to Z in lower case',
    call: (args, run) => copy(args, run).replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  },
  {
    name: 'upperAscii',
    forms: 'method',
    arity: [1, 1],
    returns: 'string',
    signature: 'text.upperAscii()',
    summary: 'a text with a to z in upper case',
    call: (args, run) => copy(args, run).replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  },
  {
    name: 'trim',
    forms: 'method',
    arity: [1, 1],
    returns: 'string',
    signature: 'text.trim()',
    summary: 'a text without white space at its ends',
    call: (args, run) => copy(args, run).trim(),
  },
  {
    name: 'indexOf',
    forms: 'method',
    arity: [2, 3],
    returns: 'int',
    signature: 'text.indexOf(part) or text.indexOf(part, from)',
    summary: 'where a part first occurs, or -1',
    call: indexOf,
  },
  {
    name: 'lastIndexOf',
    forms: 'method',
    arity: [2, 2],
    returns: 'int',
    signature: 'text.lastIndexOf(part)',
    summary: 'where a part last occurs, or -1',
    call: (args, run) => {
      const text = read(args, run)
      return pointsBefore(text, text.lastIndexOf(textAt(args, 1, run)))
    },
  },
  {
    name: 'substring',
    forms: 'method',
    arity: [2, 3],
    returns: 'string',
    signature: 'text.substring(start) or text.substring(start, end)',
    summary: 'the part from start up to, not including, end',
    call: substring,
  },
  {
    name: 'split',
    forms: 'method',
    arity: [2, 3],
    returns: 'list',
    signature: 'text.split(separator) or text.split(separator, max)',
    summary: 'the parts between separators; with max, at most so many, the last one whole',
    call: split,
  },
  {
    name: 'join',
    forms: 'method',
    arity: [1, 2],
    returns: 'string',
    signature: 'list.join() or list.join(separator)',
    summary: 'a list of texts as one text',
    call: join,
  },
  {
    name: 'replace',
    forms: 'both',
    arity: [3, 3],
    returns: 'string',
    signature: 'replace(text, old, new)',
    summary: 'a text with every occurrence of old replaced by new, taken literally',
    call: replace,
  },
  {
    name: 'format',
    forms: 'both',
    arity: [2, 2],
    returns: 'string',
    signature: 'format(text, list)',
    summary: 'a text with %s, %d, %f, %.2f and %% filled from a list',
    call: (args, run) => formatText(textAt(args, 0, run), listAt(args, 1, run), run),
  },
]

/** The receiver, its length counted as work. */
function read(args: readonly Value[], run: Evaluation): string {
  const text = textAt(args, 0, run)
  run.work(text.length)
  return text
}

/** The receiver, its length counted as built, for functions that give at most as much. */
function copy(args: readonly Value[], run: Evaluation): string {
  const text = textAt(args, 0, run)
  run.build(text.length)
  return text
}

const surrogate = /[\ud800-\udfff]/

/** The number of code points. */
export function pointCount(text: string): number {
  if (!surrogate.test(text)) return text.length
  let count = 0
  for (const point of text) count += point.length > 0 ? 1 : 0
  return count
}

/** How many code points stand before a code unit's index; -1 stays -1. */
function pointsBefore(text: string, unit: number): bigint {
  return BigInt(unit <= 0 ? unit : pointCount(text.slice(0, unit)))
}

/** The code unit at which a code point begins; undefined beyond the end. */
function unitAt(text: string, point: number): number | undefined {
  if (point < 0 || point > text.length) return undefined
  if (!surrogate.test(text)) return point
  let unit = 0
  for (let left = point; left > 0; left--) {
    if (unit >= text.length) return undefined
    unit += (text.codePointAt(unit) as number) > 0xffff ? 2 : 1
  }
  return unit
}

function unitArgument(args: readonly Value[], index: number, run: Evaluation): number {
  const unit = unitAt(textAt(args, 0, run), intAt(args, index, run))
  if (unit !== undefined) return unit
  throw run.fault(`\`${run.callee}\`: position ${intAt(args, index, run)} is outside of the text`)
}

function indexOf(args: readonly Value[], run: Evaluation): Value {
  const text = read(args, run)
  const from = args.length === 3 ? unitArgument(args, 2, run) : 0
  return pointsBefore(text, text.indexOf(textAt(args, 1, run), from))
}

function substring(args: readonly Value[], run: Evaluation): Value {
  const text = read(args, run)
  const start = unitArgument(args, 1, run)
  const end = args.length === 3 ? unitArgument(args, 2, run) : text.length
  if (end < start) throw run.fault('`substring`: the end is before the start')
  return text.slice(start, end)
}

function split(args: readonly Value[], run: Evaluation): Value {
  const text = copy(args, run)
  const separator = textAt(args, 1, run)
  const max = args.length === 3 ? intAt(args, 2, run) : -1
  const parts = separator === '' ? Array.from(text) : text.split(separator)
  run.visit(parts.length)
  if (max < 0 || parts.length <= max) return parts
  if (max === 0) return []
  return [...parts.slice(0, max - 1), parts.slice(max - 1).join(separator)]
}

function join(args: readonly Value[], run: Evaluation): Value {
  const items = listAt(args, 0, run)
  const separator = args.length === 2 ? textAt(args, 1, run) : ''
  run.visit(items.length)
  run.build(separator.length * Math.max(0, items.length - 1))
  const texts: string[] = []
  for (const item of items) {
    if (typeof item !== 'string') {
      const hint = 'make text of each first: list.map(x, string(x)).join()'
      throw run.fault(`\`join\` needs a list of strings, found ${typeOf(item)}`, hint)
    }
    run.build(item.length)
    texts.push(item)
  }
  return texts.join(separator)
}

function replace(args: readonly Value[], run: Evaluation): Value {
  const text = read(args, run)
  const [old, fresh] = [textAt(args, 1, run), textAt(args, 2, run)]
  let count = 0
  if (old === '') count = text.length + 1
  else for (let at = text.indexOf(old); at !== -1; at = text.indexOf(old, at + old.length)) count++
  run.build(text.length + count * (fresh.length - old.length))
  return text.replaceAll(old, () => fresh)
}
