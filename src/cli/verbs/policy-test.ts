import { resolve } from 'node:path'
import type { JsonObject } from '../../core/json.ts'
import { readCloudEvent } from '../../core/contracts/events.ts'
import { type CaseReport, expectPolicy, policyText, runCases } from '../../semantic/index.ts'
import { agentsOf, knownAgents } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { parseJsonOption } from '../option-values.ts'
import { plainText } from '../terminal/width.ts'

export interface PolicyTestOptions {
  readonly event?: string
  readonly agents?: readonly string[]
}

/**
 * `aura policy test FILE [--event JSON] [--agents M]…`: what a policy decides in its own cases, or about an
 * execution that the event started, and which rule says so. Exit 1 when a case is not as it expects.
 */
export async function policyTest(
  context: CommandContext,
  file: string,
  { event, agents: modules = [] }: PolicyTestOptions,
): Promise<number> {
  const known = modules.length === 0 ? null : knownAgents(await agentsOf(context, modules), 'error')
  const policy = expectPolicy(
    { text: policyText(resolve(context.cwd, file)) },
    { file, ...(known === null ? {} : { agents: known.names }) },
  )
  const cases = event === undefined ? runCases(policy) : runCases(policy, [caseOf(event)])
  const failed = cases.filter(({ passed }) => passed === false).length
  const { name, version } = policy
  if (context.isJson) context.json({ policy: name, version, passed: failed === 0, cases })
  else {
    for (const report of cases) context.say(caseText(context, report))
    const paint = context.paintOut
    const count = `${cases.length} case${cases.length === 1 ? '' : 's'}`
    context.say(
      failed === 0
        ? `${paint.green('✔')} ${name} ${version}: ${count}`
        : `${paint.red('✘')} ${name} ${version}: ${failed} of ${count} not as expected`,
    )
  }
  return failed === 0 ? exitCodes.done : exitCodes.failed
}

function caseOf(event: string) {
  const given = parseJsonOption('--event', event) as JsonObject
  const read = readCloudEvent({ id: 'event-1', source: 'aura-cli', ...given })
  return { name: `event ${read.type}`, given: { event: { ...read } } }
}

function caseText(context: CommandContext, report: CaseReport): string {
  const { name, passed, values, rules, outcomes, differences } = report
  const paint = context.paintOut
  const mark = passed === false ? paint.red('✘') : paint.green(passed === null ? '·' : '✔')
  const lines = [`${mark} ${paint.bold(plainText(name))}`]
  for (const [key, value] of Object.entries(values)) {
    const rule = rules[key as keyof typeof rules] ?? ''
    lines.push(`    ${key} ${plainText(JSON.stringify(value))} ${paint.dim(`by ${rule}`)}`)
  }
  if (Object.keys(values).length === 0) lines.push('    nothing is decided')
  const idle = outcomes.filter(({ decides }) => decides.length === 0)
  if (idle.length > 0)
    lines.push(
      paint.dim(
        `    not: ${idle.map(({ rule, holds }) => `${rule} (${holds ? 'too late' : 'does not hold'})`).join(', ')}`,
      ),
    )
  for (const difference of differences) lines.push(`    ${paint.red(plainText(difference))}`)
  return lines.join('\n')
}
