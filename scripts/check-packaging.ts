// Builds and packs the package, installs the tarball alone into an empty folder and uses it there.
//
//   npm run packaging
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, matchesGlob } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
const folder = mkdtempSync(join(tmpdir(), 'aura-packaging-'))

/** What only tests use, as a build that knew no `exclude` would name it. */
const testOnly = (
  JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8')) as {
    readonly exclude: string[]
  }
).exclude.flatMap((pattern) =>
  ['.js', '.d.ts'].map((end) => pattern.replace(/^src/, 'dist').replace(/\.ts$/, end)),
)
const needed = ['README.md', 'LICENSE', 'CHANGELOG.md', 'schema/workflow.schema.json']

/** Uses the installed package as its users do: an agent, a workflow, an engine. */
const useIt = `
import { defineAgent, defineWorkflow, openEngine } from '${manifest.name}'
const adder = defineAgent({
  type: 'adder', description: 'Adds', capabilities: [],
  actions: { add: { effect: 'read', run: async (input: { a: number; b: number }) => ({ sum: input.a + input.b }) } },
})
const workflow = defineWorkflow({
  name: 'sums', version: '1.0.0', steps: { add: { agent: 'adder', action: 'add', with: { a: 1, b: 2 } } },
})
const engine = await openEngine({ db: './aura.db', agents: [adder] })
const run = await engine.executeWorkflow('sums', workflow)
await engine.close()
if (JSON.stringify(run.output) !== '{"add":{"sum":3}}') throw new Error(JSON.stringify(run))
`

/** Uses the installed test kit as its users do, in a process that has nothing else of the package's tests. */
const useKit = `
import { script, simulate, testWorkflow } from '${manifest.name}/testing'
const workflow = {
  name: 'sums', version: '1.0.0',
  steps: { add: { agent: 'adder', action: 'add' }, rest: { needs: ['add'], sleep: '3d' } },
} as const
const agents = { adder: { add: script.fails(1, script.returns({ sum: 3 })) } }
const test = await testWorkflow(workflow, { agents, until: '1d' })
await test.crash()
if (test.status !== 'completed' || test.calls.length !== 2) throw new Error(test.story)
const { failures } = await simulate(workflow, { seeds: 5, agents })
if (failures.length > 0) throw new Error(failures[0]?.story)
`

function run(command: string, words: readonly string[], cwd: string): string {
  return execFileSync(command, words, {
    cwd,
    encoding: 'utf8',
    // The pinned Node first, whatever started this script; npm's own settings of this project stay out.
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
      PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}`,
      NODE_OPTIONS: '',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function say(what: string): void {
  process.stdout.write(`packaging: ${what}\n`)
}

function check(isTrue: boolean, otherwise: string): void {
  if (!isTrue) throw new Error(`packaging: ${otherwise}`)
}

/** @returns the tarball's path */
function pack(): string {
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  // A list of one, or an object with the package's name as its one key, by npm's version.
  const [packed] = Object.values(JSON.parse(run('npm', words, root)) as Record<string, Packed>)
  if (packed === undefined) throw new Error('npm pack named no file')
  const paths = packed.files.map(({ path }) => path)
  const strays = paths.filter((path) => testOnly.some((pattern) => matchesGlob(path, pattern)))
  check(strays.length === 0, `the tarball holds test files: ${strays.join(', ')}`)
  const targets = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  )
  for (const path of [...needed, ...Object.values(manifest.bin), ...targets]) {
    check(paths.includes(path.replace(/^\.\//, '')), `the tarball lacks ${path}`)
  }
  say(`${paths.length} files, ${Math.round(packed.size / 1024)} KiB`)
  return join(folder, packed.filename)
}

interface Packed {
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

function importEverySubpath(): void {
  for (const subpath of Object.keys(manifest.exports)) {
    const specifier = `${manifest.name}${subpath.slice(1)}`
    const attributes = subpath.endsWith('.json') ? ", { with: { type: 'json' } }" : ''
    const code = `const names = Object.keys(await import('${specifier}'${attributes}))
      if (names.length === 0) throw new Error('${specifier} exports nothing')`
    run('node', ['--input-type=module', '--eval', code], folder)
    say(`imports ${specifier}`)
  }
}

function installAlone(tarball: string): void {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const words = ['install', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', '--silent']
  run('npm', [...words, tarball], folder)
  say('installs alone')
}

function useInstalled(): void {
  importEverySubpath()
  writeFileSync(join(folder, 'use-it.ts'), useIt)
  writeFileSync(join(folder, 'use-kit.ts'), useKit)
  const strict = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024']
  const noNodeTypes = ['--skipLibCheck', '--types', '', 'use-it.ts', 'use-kit.ts']
  run(join(root, 'node_modules/.bin/tsc'), [...strict, ...noNodeTypes], folder)
  run('node', ['use-it.ts'], folder)
  run('node', ['use-kit.ts'], folder)
  say('its types check, a workflow runs and is tested')
  for (const name of Object.keys(manifest.bin)) {
    const version = run(join(folder, 'node_modules/.bin', name), ['--version'], folder).trim()
    check(version === manifest.version, `'${name} --version' says '${version}'`)
    say(`${name} --version says ${version}`)
  }
}

try {
  run('node', [join(root, 'scripts/build.ts')], root)
  const tarball = pack()
  run(join(root, 'node_modules/.bin/publint'), ['run', tarball, '--strict'], folder)
  say('publint is content')
  installAlone(tarball)
  useInstalled()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
