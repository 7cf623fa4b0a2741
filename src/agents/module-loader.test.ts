import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ownUrl } from './module-resolution.ts'

// The test runner transforms what it imports; only a process of its own loads modules as users will.
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aura-modules-')))
const room = pathToFileURL(join(import.meta.dirname, 'index.ts')).href
const agent = (id: string): string =>
  `defineAgent({ type: '${id}', actions: { act: { effect: 'read', run: () => '${id}' } } })`
const imported = `import { defineAgent } from '${room}'\n`

const files: Readonly<Record<string, string>> = {
  'good.ts': `${imported}const id: string = 'x'\nexport default [${agent('one')}, ${agent('two')}]\n`,
  'good.mjs': `${imported}export default [${agent('three')}]\n`,
  'own-name.ts': `import { defineAgent } from 'aura-orchestration'\nexport default [${agent('named')}]\n`,
  'with-zod.ts': `${imported}import { z } from 'zod'\nexport default [defineAgent({ type: 'z', actions: { a: { effect: 'read', input: z.object({ n: z.number() }), run: () => 1 } } })]\n`,
  'subclass.ts': `import { BaseAgent } from '${room}'\nclass Mine extends BaseAgent { constructor() { super({ type: 'mine', actions: { a: { effect: 'read', run: () => 1 } } }) } }\nexport default [new Mine()]\n`,
  'syntax.ts': 'const a: number = 1\nexport default [a\nlet b = }\n',
  'syntax.mjs': 'export default [\nconst x = ;\n',
  'nested-syntax.mjs': "import './syntax.mjs'\nexport default []\n",
  'enum.ts': 'const a = 1\nenum Mood { Good }\nexport default [a, Mood]\n',
  'binding.mjs': "import { nope } from 'node:fs'\nexport default [nope]\n",
  'throws.ts': "export default []\n\nthrow new TypeError('boom')\n",
  'no-dependency.ts': "import 'not-installed-anywhere'\nexport default []\n",
  'no-default.ts': 'export const agents = []\n',
  'one-agent.ts': `${imported}export default ${agent('single')}\n`,
  'object.ts': 'export default { agents: [] }\n',
  'wrong-element.ts': `${imported}export default [${agent('fine')}, { type: 'x' }]\n`,
  'bad-definition.ts': `${imported}export default [defineAgent({ type: 'x', actions: { a: { run: () => 1 } } })]\n`,
  'duplicate.ts': `${imported}export default [${agent('one')}]\n`,
  'twice.ts': `${imported}export default [${agent('same')}, ${agent('same')}]\n`,
  'hangs.mjs': 'await new Promise(() => {})\nexport default []\n',
  'data.json': '[]',
}

const cases: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(Object.keys(files).map((name) => [name, [name]])),
  several: ['good.ts', './good.mjs', join(folder, 'good.ts')],
  across: ['good.ts', 'duplicate.ts'],
  missing: ['missing.ts'],
  folder: ['.'],
}

// Runs every case in one process; a clock that jumps when a load hangs keeps the test short.
const script = `
import { loadAgentModules } from '${room}'
const clock = {
  nowMs: () => 0,
  monotonicMs: () => clock.ms,
  ms: 0,
  waitMs: 10_000,
  after(delayMs, fire) {
    const timer = setTimeout(() => { clock.ms += delayMs; fire() }, clock.waitMs)
    return () => clearTimeout(timer)
  },
  atTurnEnd: (run) => void setImmediate(run),
}
const results = {}
for (const [name, paths] of Object.entries(JSON.parse(process.argv[2]))) {
  clock.waitMs = name === 'hangs.mjs' ? 200 : 10_000
  try {
    const agents = await loadAgentModules(paths, { cwd: ${JSON.stringify(folder)}, clock })
    results[name] = { ids: agents.map(({ id }) => id) }
  } catch (error) {
    results[name] = { code: error.code, message: error.message, hint: error.hint }
  }
}
console.log(JSON.stringify(results))
process.exit(0)
`

interface Result {
  readonly ids?: readonly string[]
  readonly code?: string
  readonly message?: string
  readonly hint?: string | null
}
let results: Readonly<Record<string, Result>> = {}

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  writeFileSync(join(folder, 'all-cases.mjs'), script)
  const args = [join(folder, 'all-cases.mjs'), JSON.stringify(cases)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: tmpdir() })
  results = JSON.parse(stdout) as Readonly<Record<string, Result>>
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true }))

test.each([
  ['good.ts', ['one', 'two']],
  ['good.mjs', ['three']],
  ['own-name.ts', ['named']],
  ['with-zod.ts', ['z']],
  ['subclass.ts', ['mine']],
  ['several', ['one', 'two', 'three']],
])('%s gives its agents', (name, ids) => {
  expect(results[name]).toEqual({ ids })
})

test.each([
  ['syntax.ts', `has a syntax error at ${join(folder, 'syntax.ts')}:3`, ''],
  ['syntax.mjs', `has a syntax error at ${join(folder, 'syntax.mjs')}:2`, ''],
  ['nested-syntax.mjs', `has a syntax error at ${join(folder, 'syntax.mjs')}:2`, ''],
  ['binding.mjs', `${join(folder, 'binding.mjs')}:1`, ''],
  ['enum.ts', `cannot be stripped of its types at ${join(folder, 'enum.ts')}:2`, 'no enum'],
  ['throws.ts', 'throws when it is loaded: boom', ''],
  ['throws.ts', 'throws.ts:3:7', ''],
  [
    'no-dependency.ts',
    "imports what is not there: Cannot find package 'not-installed-anywhere'",
    'install it',
  ],
  ['no-default.ts', 'has no default export', 'export default [defineAgent'],
  ['one-agent.ts', 'its default export is an agent, not an array', 'put the agent into an array'],
  ['object.ts', 'its default export is an object, not an array', 'export default'],
  ['wrong-element.ts', 'element 1 of its default export is an object, no agent', 'defineAgent'],
  ['bad-definition.ts', "action 'a': effect is missing", 'read, idempotent, once'],
  ['twice.ts', "agent id 'same' is defined twice in", 'another id'],
  ['across', "agent id 'one' is defined in", 'another id'],
  ['hangs.mjs', 'did not load within 10000 ms', 'top-level await'],
  ['data.json', 'is no .ts, .mts, .js or .mjs file', ''],
  ['missing', `there is no agent module ${join(folder, 'missing.ts')}`, ''],
  ['folder', 'is no file', 'name the module'],
])('%s is refused: %s', (name, message, hint) => {
  expect(results[name]).toMatchObject({
    code: 'AgentModuleError',
    message: expect.stringContaining(message),
  })
  expect(results[name]?.hint ?? '').toContain(hint)
})

test('specifiers of this package mean the running installation, others are left alone', () => {
  expect(ownUrl('aura-orchestration')).toBe(new URL('../index.ts', import.meta.url).href)
  expect(ownUrl('aura-orchestration/testing')).toBe(
    new URL('../testing/index.ts', import.meta.url).href,
  )
  expect(ownUrl('aura-orchestration/langgraph')).toBe(
    new URL('../integrations/langgraph/index.ts', import.meta.url).href,
  )
  expect(ownUrl('aura-orchestration/package.json')).toBe(
    new URL('../../package.json', import.meta.url).href,
  )
  expect(ownUrl('aura-orchestration-extra')).toBeUndefined()
})
