import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { packageSource } from '../init/package-source.ts'
import { projectFiles } from '../init/project-files.ts'
import { shellQuote } from '../shell-quote.ts'

/** Of this installation, in a checkout and in the package alike. */
const packageFolder = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/** `aura init [dir]`: a project with a workflow, an agent and a test, in an empty folder. */
export async function init(context: CommandContext, dir: string): Promise<number> {
  const folder = resolve(context.cwd, dir)
  const { dependency, unbuilt } = packageSource(packageFolder)
  const files = projectFiles({ name: projectName(folder), dependency })
  write(folder, files)
  const short = relative(context.cwd, folder)
  const next = [
    ...(unbuilt === null ? [] : [`(cd ${shellQuote(unbuilt)} && npm run build)`]),
    ...(short === '' ? [] : [`cd ${shellQuote(short)}`]),
    'npm install',
    'npm start',
    'npm test',
  ]
  if (context.isJson) {
    context.json({ folder, files: [...files.keys()], next })
    return exitCodes.done
  }
  const paint = context.paintOut
  context.say(`${paint.green('✔')} ${files.size} files in ${folder}`)
  context.say(['', paint.dim('next'), ...next.map((command) => `  ${command}`)].join('\n'))
  return exitCodes.done
}

/** @throws UsageError for a folder that is not empty or cannot be written */
function write(folder: string, files: ReadonlyMap<string, string>): void {
  try {
    mkdirSync(folder, { recursive: true })
    const there = readdirSync(folder).filter((name) => name !== '.git')
    if (there.length > 0) {
      throw new OrchestrationError('UsageError', `${folder} is not empty: it has ${there[0]}`, {
        hint: 'name another folder: aura init DIR',
      })
    }
    // `wx`: whoever writes at the same time is not overwritten.
    for (const [file, text] of files) writeFileSync(join(folder, file), text, { flag: 'wx' })
  } catch (thrown) {
    if (thrown instanceof OrchestrationError) throw thrown
    throw new OrchestrationError('UsageError', `${folder}: ${messageOf(thrown)}`, { cause: thrown })
  }
}

/** The folder's name as npm takes it. */
function projectName(folder: string): string {
  const plain = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return plain === '' ? 'workflows' : plain.slice(0, 100)
}
