import { readDocumentData } from '../document/read.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import type { Plan } from '../plan/plan.ts'

const agent = { agent: 'a', action: 'do' }
const undo = { agent: 'u', action: 'undo' }
const retry = { maxAttempts: 2, initialInterval: '1s', jitter: 0.5 }

const adaptation = {
  patterns: ['pipeline', 'fanOut'],
  maxParallel: 4,
  agents: ['b'],
  approval: true,
  pause: true,
}

/** Plans with every kind of step; for the tests of this room. */
export const samplePlans: readonly Plan[] = [
  {
    onFailure: 'compensate',
    steps: {
      list: {
        ...agent,
        forEach: '[1, 2, 3, 4]',
        maxParallel: 2,
        with: { v: '${ item }' },
        outputs: { v: '${ output }' },
        timeout: '3s',
        retry,
        compensate: undo,
        fallback: [{ agent: 'b', action: 'do', with: { x: '${ index }' }, timeout: '4s' }, agent],
      },
      tried: { ...agent, needs: ['list'], continueOnFailure: true, fallback: { ...agent, retry } },
      skipped: { ...agent, needs: ['tried'], when: 'steps.tried.status == "failed"' },
      broken: { ...agent, needs: ['tried'], when: 'input.gone', continueOnFailure: true },
      none: { ...agent, forEach: '[]', needs: ['skipped'] },
      done: { ...agent, needs: ['list', 'skipped'], compensate: { ...undo, with: { a: 1 } } },
    },
  },
  {
    onFailure: 'rollback',
    rollback: { to: 'lastCheckpoint', maxRollbacks: 1 },
    checkpoints: { onAnomalySeverity: 0.5 },
    timeout: '60s',
    steps: {
      first: { ...agent, checkpoint: 'safe', compensate: undo },
      second: { ...agent, needs: ['first'], with: { n: '${ state.?a.orValue(1) }' }, retry },
      third: { ...agent, needs: ['first'], forEach: '[1, 2]', compensate: undo },
      pause: { needs: ['second'], sleep: '5s' },
      last: { ...agent, needs: ['pause', 'third'], compensate: undo },
    },
  },
  {
    onFailure: 'compensate',
    timeout: '100s',
    steps: {
      child: { workflow: { name: 'w', version: '1', input: { n: 1 } }, retry, timeout: '9s' },
      children: {
        workflow: { name: 'w', version: '1' },
        forEach: '[1, 2]',
        compensate: undo,
        fallback: { workflow: { name: 'w', version: '1' } },
      },
      after: {
        ...agent,
        needs: ['child'],
        compensate: undo,
        fallback: { workflow: { name: 'w', version: '1' } },
      },
      end: { ...agent, needs: ['children', 'after'] },
    },
  },
  {
    budget: { agentCalls: 6 },
    timeout: '90s',
    steps: {
      wait: { waitFor: { signal: 'go', timeout: '9s', onTimeout: 'continue' } },
      other: { waitFor: { signal: 'on', timeout: '9s' }, continueOnFailure: true },
      poll: {
        ...agent,
        repeat: { until: 'output == true', maxTimes: 3, delay: '5s' },
        compensate: undo,
      },
      asks: { ...agent, needs: ['wait'], fallback: { agent: 'b', action: 'do' } },
      sleep: { needs: ['other'], sleep: '2s' },
    },
  },
  {
    onFailure: 'rollback',
    rollback: { to: 'start', maxRollbacks: 2 },
    steps: {
      only: { ...agent, retry: { maxAttempts: 1 } },
      next: { ...agent, needs: ['only'], retry, compensate: undo },
    },
  },
  {
    steps: {
      each: {
        ...agent,
        forEach: '[1, 2]',
        concurrency: { key: 'k-${ item }', max: 1, onFull: 'skip' },
      },
    },
  },
  {
    onFailure: 'compensate',
    timeout: '200s',
    steps: {
      line: {
        pattern: 'pipeline',
        agents: ['a', 'b', 'a'],
        action: 'do',
        options: {
          joints: [{ map: { v: '${ output }' } }],
          stopWhen: 'output == true',
          deadline: '9s',
        },
        with: { v: 1 },
        timeout: '3s',
        retry,
        compensate: undo,
        outputs: { v: '${ output.stages }' },
        fallback: [
          { pattern: 'fanOut', agents: ['a', 'b'], action: 'be', options: { failuresMax: 1 } },
          agent,
        ],
      },
      each: {
        pattern: 'fanOut',
        agents: ['a', 'b'],
        action: 'do',
        options: { strategy: 'first' },
        forEach: '[1, 2]',
        maxParallel: 1,
        compensate: undo,
        repeat: { until: 'output.output == true', maxTimes: 3, delay: '2s' },
      },
      lead: {
        pattern: 'hierarchical',
        agents: ['a', 'b'],
        action: 'do',
        continueOnFailure: true,
      },
      vote: {
        needs: ['line', 'each'],
        pattern: 'consensus',
        agents: ['a', 'b', 'c'],
        action: 'do',
        options: { field: 'v', strategy: 'quorum', quorum: 2, deadline: '9s' },
        retry: { maxAttempts: 1 },
      },
    },
  },
].map((rest) => planOf({ name: 'w', version: '1.0.0', adaptation, ...rest }))

function planOf(data: unknown, hash = '00'): Plan {
  const { document, problems } = readDocumentData(data)
  if (document !== null) return compilePlan(document, hash)
  throw new Error(problems.map(({ path, message }) => `${path}: ${message}`).join('; '))
}
