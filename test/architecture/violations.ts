import { basename } from 'node:path/posix'
import { cyclesOf } from './cycles.ts'
import { importsOf, type FileImport } from './imports.ts'
import { allowedRooms, isAllowed, isSideDoor, openRooms, roomOf } from './rooms.ts'

/** Text of each source file by its path from the repository's root. */
export type Sources = ReadonlyMap<string, string>

export interface Violation {
  readonly rule:
    | 'unknown room'
    | 'forbidden arrow'
    | 'not by index.ts'
    | 'value cycle'
    | 'type cycle between rooms'
    | 'product imports test code'
    | 'only tests use it'
    | 'too long'
    | 'bad file name'
    | 'not injected'
  readonly file: string
  readonly what: string
}

export interface HouseRules {
  /** Files of `src/` that are not part of the product: tests and what only tests use. */
  readonly isTestFile: (path: string) => boolean
}

const linesMax = 400
const testLinesMax = 600
const fileName = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)*\.ts$/
const emptyNames = new Set(['utils.ts', 'helpers.ts', 'common.ts', 'types.ts'])

/** Ways to the clock, chance and the environment that lint's list of names does not see. */
const injected: readonly (readonly [RegExp, string])[] = [
  [/\bnew Date\(\)/, '`new Date()`: take the Clock port'],
  [/\bDate\.now\b/, '`Date.now`: take the Clock port'],
  [/\bperformance\.now\b/, '`performance.now`: take the Clock port'],
  [/\bMath\.random\b/, '`Math.random`: take the Random port'],
  [/\bset(?:Timeout|Interval|Immediate)\(/, 'a timer: take the Clock port'],
  [/\bfrom ['"](?:node:)?timers(?:\/promises)?['"]/, 'a timer: take the Clock port'],
  [/\bprocess\.env\b/, '`process.env`: read the environment in cli/'],
]
const ambientRooms = new Set(['core', 'cli'])

/** Everything in which the sources break the house's rules. */
export function findViolations(sources: Sources, rules: HouseRules): readonly Violation[] {
  const imports = new Map<string, readonly FileImport[]>()
  for (const [path, text] of sources) {
    imports.set(
      path,
      importsOf(path, text).filter(({ to }) => sources.has(to)),
    )
  }
  const violations: Violation[] = []
  for (const [path, text] of sources) {
    violations.push(...fileViolations(path, text, rules))
    if (roomOf(path) === null || rules.isTestFile(path)) continue
    for (const edge of imports.get(path) ?? [])
      violations.push(...edgeViolations(path, edge, rules))
  }
  return [...violations, ...cycleViolations(imports, rules), ...unreached(imports, rules)]
}

function fileViolations(path: string, text: string, rules: HouseRules): readonly Violation[] {
  const found: Violation[] = []
  const isTest = rules.isTestFile(path)
  const max = isTest ? testLinesMax : linesMax
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  if (lines > max)
    found.push({ rule: 'too long', file: path, what: `${lines} lines, at most ${max}` })
  const name = basename(path)
  if (!fileName.test(name) || emptyNames.has(name)) {
    found.push({
      rule: 'bad file name',
      file: path,
      what: 'kebab-case, named for the thing inside',
    })
  }
  const room = roomOf(path)
  if (room === null) return found
  if (allowedRooms(room) === undefined) {
    found.push({
      rule: 'unknown room',
      file: path,
      what: `'${room}' is not in the table of arrows`,
    })
  }
  if (ambientRooms.has(room) || isTest) return found
  const code = text.replaceAll(/^[ \t]*(?:\/\/|\*|\/\*).*$/gm, '')
  for (const [pattern, what] of injected) {
    if (pattern.test(code)) found.push({ rule: 'not injected', file: path, what })
  }
  return found
}

function edgeViolations(path: string, { to }: FileImport, rules: HouseRules): readonly Violation[] {
  const from = roomOf(path) as string
  const target = roomOf(to)
  if (target === null) {
    return [{ rule: 'forbidden arrow', file: path, what: `${to} is outside src/` }]
  }
  if (rules.isTestFile(to)) return [{ rule: 'product imports test code', file: path, what: to }]
  if (target === from) return []
  const found: Violation[] = []
  if (!isAllowed(from, target)) {
    found.push({ rule: 'forbidden arrow', file: path, what: `${from} -> ${target} (${to})` })
  }
  const isDoor = openRooms.has(target) || to === `src/${target}/index.ts`
  if (!isDoor && !isSideDoor(path, to)) {
    found.push({ rule: 'not by index.ts', file: path, what: to })
  }
  return found
}

/** Files that are built into the package although nothing leads to them from a room's door or the command line. */
function unreached(
  imports: ReadonlyMap<string, readonly FileImport[]>,
  { isTestFile }: HouseRules,
): readonly Violation[] {
  const product = [...imports.keys()].filter((path) => roomOf(path) !== null && !isTestFile(path))
  const open = product.filter((path) => path.endsWith('/index.ts') || path === 'src/cli/main.ts')
  const reached = new Set(open)
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const { to } of imports.get(path) ?? []) {
      if (reached.has(to)) continue
      reached.add(to)
      open.push(to)
    }
  }
  return product
    .filter((path) => !reached.has(path))
    .map((file) => ({ rule: 'only tests use it', file, what: 'exclude it in tsconfig.build.json' }))
}

/** Values never go round; types may, inside one room. */
function cycleViolations(
  imports: ReadonlyMap<string, readonly FileImport[]>,
  { isTestFile }: HouseRules,
): readonly Violation[] {
  const values = new Map<string, string[]>()
  const all = new Map<string, string[]>()
  for (const [path, edges] of imports) {
    values.set(
      path,
      edges.filter(({ isTypeOnly }) => !isTypeOnly).map(({ to }) => to),
    )
    if (!isTestFile(path))
      all.set(
        path,
        edges.map(({ to }) => to),
      )
  }
  const found: Violation[] = cyclesOf(values).map((files) => ({
    rule: 'value cycle',
    file: files[0] as string,
    what: files.join(', '),
  }))
  for (const files of cyclesOf(all)) {
    if (new Set(files.map(roomOf)).size < 2) continue
    found.push({
      rule: 'type cycle between rooms',
      file: files[0] as string,
      what: files.join(', '),
    })
  }
  return found
}
