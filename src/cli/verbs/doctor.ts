import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../../core/errors.ts'
import { findOwner, openReader } from '../../storage/index.ts'
import type { CommandContext } from '../command-context.ts'
import type { Check } from '../doctor/check.ts'
import { serviceChecks } from '../doctor/service-checks.ts'
import { exitCodes } from '../exit-code.ts'
import { readSettings, withSettings } from '../serve/settings.ts'
import { askOwner } from '../owner-client.ts'
import { tableLines } from '../terminal/table.ts'
import { plainText } from '../terminal/width.ts'

const nodeMajorMin = 24
/** Below this the disk is called short. */
const freeBytesMin = 256 * 1_048_576
/** In this order; those of later releases have no probe yet. */
const services = ['temporal', 'kafka', 'redis', 'ray', 'openfeature'] as const

/** `aura doctor`: whether everything that Aura needs is in reach. Exit 3 when something is not. */
export async function doctor(given: CommandContext): Promise<number> {
  const context = withSettings(given, await readSettings(given))
  const checks: Check[] = [
    nodeCheck(),
    sqliteCheck(),
    fileCheck(context.databasePath),
    await ownerCheck(context.databasePath),
    await diskCheck(context.databasePath),
    ...(await serviceChecks(services, context)),
  ]
  const ok = !checks.some((check) => check.status === 'failed')
  if (context.isJson) context.json({ ok, checks })
  else
    context.say(
      tableLines(
        checks.map((check) => cells(context, check)),
        context.stdout,
      ).join('\n'),
    )
  return ok ? exitCodes.done : exitCodes.unreachable
}

function cells(context: CommandContext, check: Check): readonly string[] {
  const paint = context.paintOut
  const mark = {
    ok: paint.green('✔'),
    warning: paint.yellow('!'),
    failed: paint.red('✘'),
    notConfigured: paint.dim('○'),
  }[check.status]
  const hint = check.hint === null ? '' : `  ${paint.cyan('hint:')} ${plainText(check.hint)}`
  return [`${mark} ${check.name}`, `${plainText(check.detail)}${hint}`]
}

function nodeCheck(): Check {
  const major = Number(process.versions.node.split('.')[0])
  const isNew = major >= nodeMajorMin
  const hint = isNew ? null : `install Node ${nodeMajorMin} or newer`
  return { name: 'node', status: isNew ? 'ok' : 'failed', detail: process.version, hint }
}

function sqliteCheck(): Check {
  const version = process.versions.sqlite
  return version === undefined
    ? {
        name: 'sqlite',
        status: 'failed',
        detail: 'this Node has no SQLite',
        hint: `use Node ${nodeMajorMin} or newer`,
      }
    : { name: 'sqlite', status: 'ok', detail: version, hint: null }
}

function fileCheck(path: string): Check {
  const name = 'file'
  try {
    if (!existsSync(path)) {
      const folder = nearestFolder(path)
      if (!statSync(folder).isDirectory()) throw new Error(`${folder} is no folder`)
      accessSync(folder, constants.W_OK)
      return { name, status: 'ok', detail: `${path} is not there yet and can be made`, hint: null }
    }
    openReader(path).close()
    accessSync(path, constants.W_OK)
    accessSync(dirname(path), constants.W_OK)
    const bytes = statSync(path).size
    return {
      name,
      status: 'ok',
      detail: `${path}, ${bytes} bytes, can be read and written`,
      hint: null,
    }
  } catch (thrown) {
    const hint = 'make the file and its folder readable and writable, or name another with --db'
    return { name, status: 'failed', detail: messageOf(thrown), hint }
  }
}

async function ownerCheck(path: string): Promise<Check> {
  const name = 'owner'
  try {
    const { isOwned, owner } = findOwner(path)
    if (!isOwned) return { name, status: 'ok', detail: 'nobody owns the file now', hint: null }
    if (owner === null) {
      return {
        name,
        status: 'warning',
        detail: 'a process owns the file and does not say where it listens',
        hint: `fuser ${path}.lock`,
      }
    }
    await askOwner(owner, { method: 'GET', path: '/healthz' })
    return {
      name,
      status: 'ok',
      detail: `'aura ${owner.kind}' with pid ${owner.pid} owns the file and answers`,
      hint: null,
    }
  } catch (thrown) {
    return { name, status: 'failed', detail: messageOf(thrown), hint: null }
  }
}

async function diskCheck(path: string): Promise<Check> {
  const name = 'disk'
  try {
    const { bavail, bsize } = await statfs(nearestFolder(path))
    const freeBytes = bavail * bsize
    const detail = `${(freeBytes / 1_073_741_824).toFixed(1)} GiB free`
    return freeBytes >= freeBytesMin
      ? { name, status: 'ok', detail, hint: null }
      : {
          name,
          status: 'warning',
          detail,
          hint: 'free some space: nothing can be recorded on a full disk',
        }
  } catch (thrown) {
    return { name, status: 'failed', detail: messageOf(thrown), hint: null }
  }
}

function nearestFolder(path: string): string {
  let folder = dirname(path)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}
