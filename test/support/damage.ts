import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type BaseAgent, defineAgent } from '../../src/agents/index.ts'
import { isOrchestrationError } from '../../src/core/errors.ts'
import type { Random } from '../../src/core/random.ts'
import { type EmbeddedEngine, openEngine, openLook } from '../../src/engine/index.ts'
import { SqliteJournalReader } from '../../src/engine/journal/sqlite-reader.ts'
import { openReader } from '../../src/storage/index.ts'
import type { WorkflowData } from '../../src/workflow/index.ts'

/** A value that is stored apart, because it is over 32 KiB. */
const large = (n: number): string => `${n % 4}`.repeat(40_000)

function damageAgents(): readonly BaseAgent[] {
  const note = (input: unknown) => Promise.resolve({ said: input, at: 'once' })
  return [
    defineAgent({
      type: 'worker',
      actions: {
        note: { effect: 'idempotent', run: note },
        book: { effect: 'once', run: note, lookup: () => undefined },
        large: {
          effect: 'read',
          run: (input) => Promise.resolve({ text: large((input as { n: number }).n) }),
        },
        fail: { effect: 'read', run: () => Promise.reject(new Error('out of paper')) },
      },
    }),
  ]
}

const worker = (action: string, more: object = {}) => ({ agent: 'worker', action, ...more })
const once = { retry: { maxAttempts: 1 } }

const documents: readonly WorkflowData[] = [
  document('chain', {
    a: worker('note', { with: { n: '${ input.n }' } }),
    b: worker('book', { needs: ['a'], with: { of: '${ steps.a.output }' } }),
    c: worker('note', { needs: ['b'] }),
  }),
  document('fan', {
    each: worker('note', { forEach: '[1, 2, 3, 4]', with: { item: '${ item }' } }),
    join: worker('note', { needs: ['each'], with: { all: '${ steps.each.output }' } }),
  }),
  document('heavy', {
    make: worker('large', { with: { n: '${ input.n }' } }),
    use: worker('note', { needs: ['make'], with: { text: '${ steps.make.output.text }' } }),
  }),
  document('broken', { a: worker('note'), b: worker('fail', { needs: ['a'], ...once }) }),
  {
    ...document('undone', {
      a: worker('book', { compensate: worker('note') }),
      b: worker('fail', { needs: ['a'], ...once }),
    }),
    onFailure: 'compensate',
  },
  document('asleep', { a: worker('note'), rest: { needs: ['a'], sleep: '9h' } }),
  document('family', {
    a: worker('note'),
    child: { needs: ['a'], workflow: { name: 'chain', version: '1', input: { n: 7 } } },
  }),
  document('asking', {
    a: worker('note'),
    ask: { needs: ['a'], waitFor: { signal: 'answer', timeout: '9h' } },
  }),
]

function document(name: string, steps: object): WorkflowData {
  return { name, version: '1.0.0', metadata: { kind: name }, steps } as WorkflowData
}

const openKinds: ReadonlySet<string> = new Set(['asleep', 'asking'])

/** Starts `count` executions of every kind in turn; some that stay open are paused or cancelled. */
export async function addExecutions(
  engine: EmbeddedEngine,
  count: number,
  from = 0,
): Promise<void> {
  for (const work of documents) await engine.registerWorkflow(work)
  for (let n = from; n < from + count; n++) {
    const work = documents[n % documents.length] as WorkflowData
    const executionId = `${work.name}-${n}`
    const options = { executionId, input: { n } }
    if (!openKinds.has(work.name)) {
      await engine.executeWorkflow(work.name, work, options)
      if (work.name === 'chain' && n % 3 === 0) await addFork(engine, executionId)
      continue
    }
    await engine.startWorkflow(work.name, work, options)
    void engine.continueWorkflow(executionId).catch(() => undefined)
    while ((await engine.getExecution(executionId)).steps['a']?.status !== 'completed')
      await new Promise((resolve) => setImmediate(resolve))
    await engine.setState(executionId, 'note', { n })
    await engine.checkpoint(executionId, 'noted')
    await engine.setState(executionId, 'note', null)
    if (n % 2 === 0) await engine.rollback(executionId, 'noted')
    if (n % 3 === 0) await engine.pauseWorkflow(executionId)
    if (n % 3 === 1) await engine.cancelWorkflow(executionId)
  }
}

async function addFork(engine: EmbeddedEngine, executionId: string): Promise<void> {
  const fork = await engine.fork(executionId, 'a', { executionId: `${executionId}-fork` })
  await engine.continueWorkflow(fork)
}

/** An engine on the file that works like those that wrote it. */
export function openDamaged(db: string): Promise<EmbeddedEngine> {
  return openEngine({ db, agents: damageAgents(), durability: 'full' })
}

/** What a file answers: to `ls`, `dlq ls` and to `show` for each execution; or why it does not. */
export interface Answers {
  readonly list: string | Refusal
  readonly letters: string | Refusal
  readonly shown: ReadonlyMap<string, string | Refusal>
}

/** The file said clearly that it is damaged and what to do. */
export interface Refusal {
  readonly code: string
  readonly message: string
}

/** Looks at the file like `aura ls`, `aura dlq ls` and `aura show`. */
export function answersOf(path: string, ids?: readonly string[]): Answers {
  const list = asked(path, (journal) => journal.list({}))
  const letters = asked(path, (journal) => journal.deadLetters({}))
  const all = ids ?? (typeof list === 'string' ? idsOf(list) : [])
  const shown = new Map<string, string | Refusal>()
  const look = clearly(() => openLook(path))
  for (const id of all) {
    shown.set(id, 'code' in look ? look : clearly(() => stable(look.show(id))))
  }
  if (!('code' in look)) look.close()
  return { list, letters, shown }
}

function asked(path: string, ask: (journal: SqliteJournalReader) => unknown): string | Refusal {
  return clearly(() => {
    const reader = openReader(path)
    try {
      return JSON.stringify(ask(new SqliteJournalReader(reader)))
    } finally {
      reader.close()
    }
  })
}

export function idsOf(list: string): readonly string[] {
  return (JSON.parse(list) as readonly { executionId: string }[]).map((row) => row.executionId)
}

/** Without what depends on when it is asked. */
export function stable(view: object): string {
  return JSON.stringify(view, (key, value: unknown) => (key === 'etaMs' ? null : value))
}

/** What the work gives, or its clear refusal; everything else it throws is a failure of the test. */
function clearly<T>(work: () => T): T | Refusal {
  try {
    return work()
  } catch (thrown) {
    return refusalOf(thrown)
  }
}

export function refusalOf(thrown: unknown): Refusal {
  if (!isOrchestrationError(thrown)) throw thrown
  const isClear = thrown.code === 'StorageError' || thrown.code === 'StateConsistencyError'
  if (!isClear || thrown.hint?.includes('aura recover') !== true) throw thrown
  return { code: thrown.code, message: thrown.message }
}

/** Copies the file with all that lies beside it and counts. */
export function copyDatabase(from: string, to: string, suffixes = ['', '-wal', '.mark']): void {
  for (const suffix of suffixes)
    if (existsSync(`${from}${suffix}`)) copyFileSync(`${from}${suffix}`, `${to}${suffix}`)
}

const pageBytes = 4_096
/** The head of a page and the first places of its rows, on which all that it holds depends. */
const pageHeadBytes = 40

/**
 * Changes 1 to 8 bytes of a file, each to another value.
 *
 * @param where `anywhere`, or only where pages say what is in them
 * @returns the places
 */
export function flipBytes(
  path: string,
  random: Random,
  where: 'anywhere' | 'pageHeads' = 'anywhere',
): readonly number[] {
  const bytes = readFileSync(path)
  const below = (limit: number): number => Math.floor(random() * limit)
  const anyPlace = (): number =>
    where === 'anywhere'
      ? below(bytes.length)
      : below(bytes.length / pageBytes) * pageBytes + below(pageHeadBytes)
  const places = Array.from({ length: 1 + below(8) }, anyPlace)
  for (const place of places) bytes[place] = (bytes[place] as number) ^ (1 + below(255))
  writeFileSync(path, bytes)
  return places
}
