import { OrchestrationError } from '../../core/errors.ts'
import { isJsonObject } from '../../core/json.ts'
import type { RouteAnswer } from '../../semantic/index.ts'
import { findOwner } from '../../storage/index.ts'
import type { OwnerInfo } from '../../storage/index.ts'
import { agentsOf, routerOf } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { openFile, ownedBy } from '../engine-access.ts'
import { exitCodes } from '../exit-code.ts'
import { askOwner } from '../owner-client.ts'
import { tableLines } from '../terminal/table.ts'
import { plainText } from '../terminal/width.ts'

export interface RouteOptions {
  readonly agents?: readonly string[]
  readonly candidate?: readonly string[]
  readonly explain?: boolean
  readonly accept?: string
}

/** Training of a large router may take this long before the owner answers. */
const answerMsMax = 60_000

/**
 * `aura route TEXT [--explain] [--accept AGENT]`: says which agent a task is for. Where `aura serve` owns the
 * file it is asked, unless `--agents` names other ones.
 */
export async function route(
  context: CommandContext,
  text: string,
  options: RouteOptions,
): Promise<number> {
  const { owner } = findOwner(context.databasePath)
  const answer =
    owner?.kind === 'serve' && options.agents === undefined
      ? await askServe(owner, text, options)
      : await routeHere(context, text, options)
  if (context.isJson) context.json(answer)
  else report(context, answer)
  return exitCodes.done
}

async function askServe(
  owner: OwnerInfo,
  text: string,
  options: RouteOptions,
): Promise<RouteAnswer> {
  const body = {
    text,
    explain: options.explain ?? false,
    ...(options.candidate === undefined ? {} : { candidates: [...options.candidate] }),
    ...(options.accept === undefined ? {} : { accept: options.accept }),
  }
  const asked = { method: 'POST', path: '/v1/route', body, timeoutMs: answerMsMax } as const
  const answer = await askOwner(owner, asked)
  if (isJsonObject(answer) && 'fit' in answer) return answer as unknown as RouteAnswer
  throw new OrchestrationError('OwnerError', 'the owner answered with something else than a route')
}

async function routeHere(
  context: CommandContext,
  text: string,
  options: RouteOptions,
): Promise<RouteAnswer> {
  const router = routerOf(await agentsOf(context, options.agents ?? []))
  if (router === undefined) {
    throw new OrchestrationError('RefusedError', "a module's agent has the name 'router'", {
      hint: 'give that agent another id',
    })
  }
  if (options.accept !== undefined) {
    const access = await openFile(context)
    if (access.kind === 'owned') throw ownedBy(context.databasePath, access.owner)
    const { engine, database } = access.opened
    try {
      if (database !== null) await router.accept({ text, agent: options.accept }, database)
    } finally {
      await engine.close()
    }
  }
  const task = options.candidate === undefined ? { text } : { text, candidates: options.candidate }
  return router.answer(task, options.explain)
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}

function report(context: CommandContext, answer: RouteAnswer): void {
  const paint = context.paintOut
  if (answer.agent === null) {
    const reasons = {
      noAgents: 'there is no agent to choose',
      noWords: 'it has no word that any agent is known by',
      nothingFits: `that any agent fits is ${percent(answer.fit)} probable`,
    }
    context.say(`no agent: ${reasons[answer.because ?? 'nothingFits']}`)
  } else {
    const intent = answer.intent === answer.agent ? '' : ` (${plainText(answer.intent ?? '')})`
    const sure = `confidence ${percent(answer.confidence ?? 0)}, fit ${percent(answer.fit)}`
    context.say(`${paint.bold(plainText(answer.agent))}${intent}  ${paint.dim(sure)}`)
  }
  const rows = answer.runnersUp.map(({ agent, confidence }) => [
    `  then ${plainText(agent)}`,
    percent(confidence),
    paint.dim(answer.fallbacks.includes(agent) ? 'a fallback' : ''),
  ])
  for (const line of tableLines(rows, context.stdout)) context.say(line)
  if (answer.explanation === null) return
  const { evidence, wouldChange } = answer.explanation
  context.say('what spoke for it:')
  const weights = evidence.map(({ word, weight }) => [
    `  ${plainText(word)}`,
    `${weight < 0 ? '' : '+'}${weight.toFixed(2)}`,
  ])
  for (const line of tableLines(weights, context.stdout)) context.say(line)
  if (wouldChange.length > 0) context.say('what would change it:')
  for (const { change, agent } of wouldChange)
    context.say(`  ${plainText(change)}: ${agent === null ? 'no agent' : plainText(agent)}`)
}
