// Builds dist/ for publishing: type-checks, strips the types and writes declarations. Tests stay out.
//
//   npm run build
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const shebang = '#!/usr/bin/env node\n'
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly bin: Readonly<Record<string, string>>
}

rmSync(join(root, 'dist'), { recursive: true, force: true })
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
})
for (const file of Object.values(bin)) {
  const path = join(root, file)
  const code = readFileSync(path, 'utf8')
  // A checkout runs its sources through bin/aura and needs no such line in them.
  if (!code.startsWith(shebang)) writeFileSync(path, shebang + code)
  chmodSync(path, 0o755)
}
