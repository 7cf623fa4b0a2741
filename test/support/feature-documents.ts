import type { WorkflowData } from '../../src/workflow/index.ts'

const retry = {
  maxAttempts: 6,
  initialInterval: '20ms',
  maxInterval: '80ms',
} as const

const act = (action: string, more: object = {}) => ({ agent: 'outside', action, ...more })
const undo = act('undo')
const undoOnce = act('undoOnce')

/** Documents that together use everything that an execution can do. */
export const featureDocuments: readonly WorkflowData[] = [
  document('transfer', {
    look: act('look'),
    book: act('pay', { needs: ['look'] }),
    each: act('pay', { needs: ['look'], forEach: '[1, 2, 3]', maxParallel: 2 }),
    mail: act('mail', { needs: ['book'] }),
    rest: { needs: ['mail', 'each'], sleep: '30ms' },
    last: act('write', { needs: ['rest'] }),
  }),
  document('tally', {
    each: act('count', { forEach: '[1, 2, 3, 4, 5, 6]', maxParallel: 3, checkpoint: 'counted' }),
    more: act('count', { needs: ['each'], compensate: undo }),
    nap: { needs: ['more'], sleep: '60ms' },
    last: act('count', { needs: ['nap'] }),
  }),
  document('trip', {
    hotel: act('pay', { compensate: undoOnce, checkpoint: 'housed' }),
    seats: act('write', { needs: ['hotel'], forEach: '[1, 2]', compensate: undo }),
    rest: { needs: ['seats'], sleep: '40ms' },
    guide: act('pay', { needs: ['rest'], compensate: undo }),
  }),
  {
    ...document('saga', {
      hotel: act('pay', { compensate: undoOnce }),
      seats: act('write', { needs: ['hotel'], forEach: '[1, 2, 3]', compensate: undo }),
      letter: act('mail', { needs: ['hotel'], compensate: undo }),
      stop: act('break', { needs: ['seats', 'letter'] }),
    }),
    onFailure: 'compensate',
  },
  {
    ...document('saga-late', {
      hotel: act('pay', { compensate: undoOnce }),
      seat: act('write', { needs: ['hotel'], compensate: act('undoLate') }),
      stop: act('break', { needs: ['seat'] }),
    }),
    onFailure: 'compensate',
  },
  {
    ...document('returns', {
      hotel: act('pay', { compensate: undoOnce, checkpoint: 'housed' }),
      count: act('count', { needs: ['hotel'] }),
      seat: act('pay', { needs: ['count'], compensate: undo }),
      late: act('break', { needs: ['seat'] }),
    }),
    onFailure: 'rollback',
    rollback: { to: 'housed', maxRollbacks: 2 },
  },
  document('degrades', {
    plan: act('break', { fallback: [act('break'), act('write', { timeout: '5s' })] }),
    poll: act('look', {
      needs: ['plan'],
      repeat: { until: "output.key.endsWith('/p3')", delay: '10ms' },
    }),
    slow: act('slow', { needs: ['plan'], timeout: '60ms' }),
    loose: act('break', { continueOnFailure: true }),
    last: act('write', { needs: ['poll', 'slow', 'loose'] }),
  }),
  document('stuck', {
    first: act('pay'),
    late: act('late', { needs: ['first'] }),
    last: act('write', { needs: ['late'] }),
  }),
  document('heavy', {
    make: act('large', { with: { n: '${ input.n }' } }),
    use: act('weigh', {
      needs: ['make'],
      with: { n: '${ input.n }', text: '${ steps.make.output.text }' },
    }),
  }),
  document('asking', {
    before: act('write'),
    go: { needs: ['before'], waitFor: { signal: 'go' } },
    soon: {
      needs: ['before'],
      waitFor: { signal: 'never', timeout: '70ms', onTimeout: 'continue' },
    },
    ask: act('ask', { needs: ['go', 'soon'] }),
  }),
  document('child', {
    book: act('pay', { compensate: undoOnce }),
    note: act('write', { needs: ['book'], compensate: undo }),
  }),
  document('late-child', {
    book: act('pay'),
    late: act('late', { needs: ['book'] }),
  }),
  document('family', {
    before: act('write'),
    kids: { needs: ['before'], forEach: '[1, 2]', workflow: { name: 'child', version: '1' } },
    late: {
      needs: ['before'],
      workflow: { name: 'late-child', version: '1' },
      retry: { maxAttempts: 4, initialInterval: '20ms' },
    },
    last: act('write', { needs: ['kids', 'late'] }),
  }),
  {
    ...document('family-undone', {
      kid: { workflow: { name: 'child', version: '1' } },
      stop: act('break', { needs: ['kid'] }),
    }),
    onFailure: 'compensate',
  },
  {
    ...document('on-order', { take: act('order', { with: { order: '${ input.order }' } }) }),
    triggers: [{ event: 'order.placed', input: { order: '${ event.data.order }' } }],
  },
]

/** Those that are started by hand; the others are called, or started by an event. */
export const startable: readonly WorkflowData[] = featureDocuments.filter(
  ({ name }) => !['child', 'late-child', 'on-order'].includes(name),
)

/** How many calls of `count` a completed execution of the workflow has made. */
export const counts: Readonly<Record<string, number>> = { tally: 8 }

function document(name: string, steps: object): WorkflowData {
  return { name, version: '1.0.0', retry, steps } as WorkflowData
}
