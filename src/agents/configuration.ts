import { validateHeaderName, validateHeaderValue } from 'node:http'
import { z } from 'zod'
import { durationMsMax, parseDuration } from '../core/duration.ts'
import type { BudgetLimit } from '../core/contracts/budget.ts'
import { OrchestrationError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { breakerDefaults, type BreakerSettings } from './circuit-breaker.ts'
import {
  memoryConfig,
  type MemoryConfig,
  memorySettings,
  type MemorySettings,
} from './memory/memory-config.ts'
import { didYouMean, moduleError } from './module-error.ts'

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    'use 1 to 100 of A-Z a-z 0-9 . _ -, beginning with a letter or digit',
  )
const count = z.number().int().min(1)
const durationMs = z.preprocess(
  (given) => (typeof given === 'string' ? parseDuration(given) : given),
  z.number('use milliseconds or a text such as 30s').int().min(1).max(durationMsMax),
)
const timeoutMs = durationMs.nullable()
const headerValue = z
  .string()
  .min(1)
  .refine(isHeaderValue, 'it has characters that no HTTP header may carry')

const breaker = z.strictObject({
  failureRatio: z.number().gt(0).max(1).optional(),
  callsMin: count.optional(),
  windowMs: durationMs.optional(),
  openMs: durationMs.optional(),
  probes: count.optional(),
})
const budget = z.strictObject({
  calls: z.number().int().min(0).optional(),
  tokens: z.number().int().min(0).optional(),
  costUsd: z.number().min(0).optional(),
  per: z.enum(['hour', 'day', 'month', 'total']).optional(),
})
const resourceLimits = z.strictObject({
  maxConcurrent: count.optional(),
  queueMax: z.number().int().min(0).optional(),
  timeoutMs: timeoutMs.optional(),
  requestsPerMinute: count.max(limits.requestsPerMinuteMax).optional(),
  breaker: breaker.nullable().optional(),
  budget: budget.nullable().optional(),
  payloadBytesMax: count.optional(),
  cpu: z.number().positive().optional(),
  gpu: z.number().positive().optional(),
})
const tls = z.strictObject({
  caPath: z.string().min(1).optional(),
  certPath: z.string().min(1).optional(),
  keyPath: z.string().min(1).optional(),
})
const bearerAuth = z.strictObject({ kind: z.literal('bearer'), token: headerValue })
const headerAuth = z.strictObject({
  kind: z.literal('header'),
  name: z
    .string()
    .refine(isFreeHeaderName, 'it is no HTTP header name, or one that the transport sets itself'),
  value: headerValue,
})
const communicationConfig = z.strictObject({
  transport: z.enum(['in-process', 'http', 'mesh']).optional(),
  address: z.string().min(1).nullable().optional(),
  connectionsMax: z.number().int().min(2).optional(),
  tls: tls.optional(),
  auth: z.discriminatedUnion('kind', [bearerAuth, headerAuth]).optional(),
})
const observabilityConfig = z.strictObject({
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).optional(),
  recordPayloads: z.boolean().optional(),
  traceSampleRatio: z.number().min(0).max(1).optional(),
})
const settings = z.strictObject({
  agentId: name.optional(),
  agentType: name.optional(),
  capabilities: z.array(z.string().min(1).max(100)).max(1_000).optional(),
  resourceLimits: resourceLimits.optional(),
  communicationConfig: communicationConfig.optional(),
  memoryConfig: memorySettings.nullable().optional(),
  observabilityConfig: observabilityConfig.optional(),
})

// For "did you mean": the keys allowed at each place.
const keysAt: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(settings.shape),
  resourceLimits: Object.keys(resourceLimits.shape),
  'resourceLimits.breaker': Object.keys(breaker.shape),
  'resourceLimits.budget': Object.keys(budget.shape),
  communicationConfig: Object.keys(communicationConfig.shape),
  'communicationConfig.tls': Object.keys(tls.shape),
  'communicationConfig.auth': ['kind', 'token', 'name', 'value'],
  memoryConfig: Object.keys(memorySettings.shape),
  observabilityConfig: Object.keys(observabilityConfig.shape),
}

/** What may be set of an `AgentConfiguration`; everything left out has its default. */
export interface AgentSettings {
  readonly agentId?: string
  readonly agentType?: string
  readonly capabilities?: readonly string[]
  readonly resourceLimits?: Partial<
    Omit<AgentConfiguration['resourceLimits'], 'timeoutMs' | 'breaker' | 'budget'>
  > & {
    readonly timeoutMs?: number | string | null
    /** What is left out has its default. */
    readonly breaker?: { readonly [Key in keyof BreakerSettings]?: number | string } | null
    /** What is left out is unlimited; `per` defaults to `total`. */
    readonly budget?: Partial<BudgetLimit> | null
  }
  readonly communicationConfig?: Partial<AgentConfiguration['communicationConfig']>
  readonly memoryConfig?: MemorySettings | null
  readonly observabilityConfig?: Partial<AgentConfiguration['observabilityConfig']>
}

/** How an agent is found, bounded, reached and watched. */
export interface AgentConfiguration {
  /** Unique in a registry. */
  readonly agentId: string
  /** The kind of agent; several ids of one type share its work. */
  readonly agentType: string
  readonly capabilities: readonly string[]
  readonly resourceLimits: {
    /** Attempts at the same time; default `limits.maxConcurrent`. */
    readonly maxConcurrent: number
    /** Attempts waiting for a place; default `limits.queueMax`, 0 refuses instead of waiting. */
    readonly queueMax: number
    /** Caps the step's timeout; null, the default, leaves it as it is. In data also a text such as `30s`. */
    readonly timeoutMs: number | null
    /** Calls that may begin in any 60 s; absent for any number. Kept in memory: a new process begins anew. */
    readonly requestsPerMinute?: number
    /** When calls are kept from an agent that fails; null lets every call through. */
    readonly breaker: BreakerSettings | null
    /** What all executions together may spend with the agent; null, the default, for any amount. */
    readonly budget: BudgetLimit | null
    /** Bytes of JSON in one input and in one output; default `limits.payloadBytesMax`. */
    readonly payloadBytesMax: number
    /** Processors per call, for transports that place work; refused by those of this room. */
    readonly cpu?: number
    readonly gpu?: number
  }
  readonly communicationConfig: {
    readonly transport: 'in-process' | 'http' | 'mesh'
    /** The URL of an HTTP agent; the type under which hosts have a mesh agent, default its own; null in-process. */
    readonly address: string | null
    /**
     * Connections of the process to the origin of an HTTP agent, at least 2, an eighth of them for lookups;
     * default `limits.connectionsMax`. Agents at one origin share them, and the smallest of their bounds counts.
     */
    readonly connectionsMax?: number
    /** PEM files, read when the agent starts; needs an https address. */
    readonly tls?: {
      readonly caPath?: string
      readonly certPath?: string
      readonly keyPath?: string
    }
    readonly auth?:
      | { readonly kind: 'bearer'; readonly token: string }
      | { readonly kind: 'header'; readonly name: string; readonly value: string }
  }
  /** What it remembers (`ctx.memory`); null for an HTTP agent, which has its own. */
  readonly memoryConfig: MemoryConfig | null
  readonly observabilityConfig: {
    /** The lowest level the agent's log lines need to be written; default `info`. */
    readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
    /** Whether each call's input and output are logged, at level info; default false. */
    readonly recordPayloads: boolean
    /** Share of calls, 0 to 1, that get a span; default 1. */
    readonly traceSampleRatio: number
  }
}

/**
 * Reads a configuration from YAML or JSON data. `agentType` is required; `agentId` defaults to it, the transport
 * to `http` when there is an address.
 *
 * @throws AgentModuleError with every problem, its path and, for unknown keys, the nearest name.
 */
export function agentConfiguration(data: unknown): AgentConfiguration {
  const read = agentSettings(data, 'agent configuration')
  const agentType = read.agentType ?? read.agentId
  if (agentType === undefined) throw moduleError('agent configuration: agentType is missing')
  return completeConfiguration({ ...read, agentType })
}

/** @throws AgentModuleError like `agentConfiguration`; nothing is required. */
export function agentSettings(data: unknown, what: string): z.output<typeof settings> {
  const result = settings.safeParse(data)
  if (result.success) return result.data
  const problems = result.error.issues.slice(0, 20).map((issue) => sentence(issue))
  throw moduleError(
    `${what}: ${problems.map(({ text }) => text).join('; ')}`,
    problems.find(({ hint }) => hint)?.hint,
  )
}

/** Fills in the defaults. */
export function completeConfiguration(
  given: z.output<typeof settings> & { readonly agentType: string },
): AgentConfiguration {
  const {
    resourceLimits: bounds = {},
    communicationConfig: reach = {},
    observabilityConfig: watch = {},
  } = given
  const isMesh = reach.transport === 'mesh'
  const address = reach.address ?? (isMesh ? given.agentType : null)
  const transport = reach.transport ?? (address === null ? 'in-process' : 'http')
  const isElsewhere = transport !== 'in-process'
  return {
    agentId: given.agentId ?? given.agentType,
    agentType: given.agentType,
    capabilities: given.capabilities ?? [],
    resourceLimits: withoutUndefined({
      ...bounds,
      maxConcurrent: bounds.maxConcurrent ?? limits.maxConcurrent,
      queueMax: bounds.queueMax ?? limits.queueMax,
      timeoutMs: bounds.timeoutMs ?? null,
      breaker: bounds.breaker === null ? null : { ...breakerDefaults, ...bounds.breaker },
      budget: bounds.budget == null ? null : budgetLimit(bounds.budget),
      payloadBytesMax: bounds.payloadBytesMax ?? limits.payloadBytesMax,
    }) as AgentConfiguration['resourceLimits'],
    communicationConfig: withoutUndefined({
      ...reach,
      transport,
      address,
    }) as AgentConfiguration['communicationConfig'],
    memoryConfig:
      isElsewhere && given.memoryConfig == null ? null : memoryConfig(given.memoryConfig ?? {}),
    observabilityConfig: {
      logLevel: watch.logLevel ?? 'info',
      recordPayloads: watch.recordPayloads ?? false,
      traceSampleRatio: watch.traceSampleRatio ?? 1,
    },
  }
}

/** @throws UsageError naming what is wrong with a budget that code or a file says */
export function readBudgetLimit(data: unknown, what: string): BudgetLimit {
  const result = budget.safeParse(data)
  if (result.success) return budgetLimit(result.data)
  const problems = result.error.issues.map((issue) => sentence(issue).text)
  throw new OrchestrationError('UsageError', `${what}: ${problems.join('; ')}`, {
    hint: 'a budget has calls, tokens, costUsd and per (hour, day, month, total)',
  })
}

function budgetLimit(given: z.output<typeof budget>): BudgetLimit {
  const { calls = null, tokens = null, costUsd = null, per = 'total' } = given
  return { calls, tokens, costUsd, per }
}

/**
 * Refuses what the agent's transport cannot honour, so that no setting is silently without effect.
 *
 * @throws AgentModuleError naming the field and the transport.
 */
export function refuseUnsupported(configuration: AgentConfiguration): void {
  const { agentId, resourceLimits: bounds, communicationConfig: reach } = configuration
  const refuse = (field: string, why: string): never => {
    throw moduleError(
      `agent '${agentId}': ${field} is refused by the ${reach.transport} transport: ${why}`,
    )
  }
  for (const field of ['cpu', 'gpu'] as const) {
    if (bounds[field] !== undefined)
      refuse(`resourceLimits.${field}`, 'it does not place work on machines')
  }
  if (reach.transport === 'in-process') {
    for (const field of ['address', 'connectionsMax', 'tls', 'auth'] as const) {
      const value = reach[field] ?? null
      if (value !== null) refuse(`communicationConfig.${field}`, 'nothing is sent')
    }
    return
  }
  if (configuration.memoryConfig !== null)
    refuse('memoryConfig', 'the agent behind it remembers for itself')
  if (reach.transport === 'mesh') {
    for (const field of ['connectionsMax', 'tls', 'auth'] as const)
      if (reach[field] !== undefined)
        refuse(`communicationConfig.${field}`, 'the mesh has its own connections')
    if (!name.safeParse(reach.address).success)
      refuse('communicationConfig.address', `'${reach.address}' is no type of an agent`)
    return
  }
  if (reach.address === null) refuse('communicationConfig.address', 'it needs the URL of the agent')
  const url = URL.parse(reach.address ?? '')
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    refuse('communicationConfig.address', `'${reach.address}' is no http or https URL`)
  } else if (url.username !== '' || url.password !== '') {
    refuse('communicationConfig.address', 'it carries credentials; use communicationConfig.auth')
  } else if (reach.tls !== undefined && url.protocol !== 'https:') {
    refuse('communicationConfig.tls', 'the address is not https')
  }
  if ((reach.tls?.certPath === undefined) !== (reach.tls?.keyPath === undefined)) {
    refuse('communicationConfig.tls', 'certPath and keyPath go together')
  }
}

function sentence(issue: z.core.$ZodIssue): { readonly text: string; readonly hint?: string } {
  const path = issue.path.map(String).join('.')
  if (issue.code !== 'unrecognized_keys')
    return { text: `${path === '' ? 'it' : path}: ${issue.message}` }
  const known = keysAt[path] ?? []
  const key = issue.keys[0] ?? ''
  const at = path === '' ? '' : ` in ${path}`
  return {
    text: `unknown key '${key}'${at}, ${didYouMean(key, known)}`,
    hint: didYouMean(key, known),
  }
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function isHeaderValue(value: string): boolean {
  try {
    validateHeaderValue('x', value)
    return true
  } catch {
    return false
  }
}

const ownHeaders = [
  'host',
  'content-type',
  'content-length',
  'connection',
  'transfer-encoding',
  'accept',
  'idempotency-key',
  'traceparent',
]

function isFreeHeaderName(header: string): boolean {
  try {
    validateHeaderName(header)
    return !ownHeaders.includes(header.toLowerCase())
  } catch {
    return false
  }
}
