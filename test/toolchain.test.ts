import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Manifest {
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const manifest = readJson('package.json') as Manifest
const pinnedNode = manifest.devDependencies['node'] as string

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

/** The environment of a shell that knows nothing of this checkout. */
function bareShell(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_/i.test(name))
  const PATH = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .join(delimiter)
  return { ...Object.fromEntries(own), PATH, ...more }
}

test('the tests run on the pinned Node, which is a 24', () => {
  expect(pinnedNode).toMatch(/^24\./)
  expect(process.versions.node).toBe(pinnedNode)
})

test.each(Object.keys(manifest.scripts))(
  "'npm run %s' ends up on the pinned Node, whatever the machine has",
  (script) => {
    const words = ['run', '--silent', script, '--script-shell', join(root, 'test/print-node.sh')]
    const said = execFileSync('npm', words, { cwd: root, env: bareShell(), encoding: 'utf8' })
    expect(said.trim()).toBe(pinnedNode)
  },
)

test("bin/aura is the pinned Node's own process, from any folder", () => {
  const folder = mkdtempSync(join(tmpdir(), 'aura-toolchain-'))
  try {
    const spy = `data:text/javascript,process.stderr.write(process.versions.node+'%20'+process.pid+'%20')`
    const env = bareShell({ NODE_OPTIONS: `--import=${spy}` })
    // A shell that says its pid and becomes `aura`.
    const words = ['-c', `echo $$; exec "$0" --version 2>&1`, join(root, 'bin/aura')]
    const said = execFileSync('sh', words, { cwd: folder, env, encoding: 'utf8' })
    const [pid, rest] = said.split('\n', 2)
    expect(rest).toBe(`${pinnedNode} ${pid} ${manifest.version}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('every dependency is pinned exactly and installed at that version', () => {
  const wrong: string[] = []
  for (const [name, version] of Object.entries({
    ...manifest.dependencies,
    ...manifest.devDependencies,
  })) {
    const path = `node_modules/${name}/package.json`
    const installed = existsSync(join(root, path))
      ? (readJson(path) as Manifest).version
      : 'nothing'
    const isExact = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/.test(version)
    if (!isExact || installed !== version)
      wrong.push(`${name}: ${version}, installed: ${installed}`)
  }
  expect(wrong).toEqual([])
})

test('the lock file is the one of this package.json', () => {
  const lock = readJson('package-lock.json') as { readonly packages: { readonly '': Manifest } }
  const { version, dependencies, devDependencies } = lock.packages['']
  expect({ version, dependencies, devDependencies }).toEqual({
    version: manifest.version,
    dependencies: manifest.dependencies,
    devDependencies: manifest.devDependencies,
  })
})
