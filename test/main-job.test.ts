import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { aura, auraJson, cleanUp, examples, newFolder, startAura } from './cli-process.ts'

afterEach(cleanUp)

const incident = join(examples, 'incident-response.yaml')
const checkout = join(examples, 'series', 'checkout.csv')
const approval = [
  'run',
  join(examples, 'approval.yaml'),
  '--agents',
  join(examples, 'agents', 'ledger.ts'),
]

interface Incident {
  readonly status: string
  readonly output: {
    readonly anomalies: number
    readonly findings: readonly string[]
    readonly votes: readonly { agent: string; value: string; confidence: number; weight: number }[]
    readonly combinedSeverity: string
    readonly agreement: number
    readonly conclusion: { severity: string }
  }
  readonly steps: Record<
    string,
    { status: string; attempts: number; startedAtMs: number; endedAtMs: number }
  >
}

const severities = ['low', 'medium', 'high', 'critical']

/** The severity of most weight and its share, reckoned here once more. */
function weighed({ output }: Incident): { severity: string; agreement: number } {
  const weights = severities.map((severity) =>
    output.votes.reduce((sum, { value, weight }) => sum + (value === severity ? weight : 0), 0),
  )
  const most = Math.max(...weights)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return { severity: severities[weights.indexOf(most)] as string, agreement: most / total }
}

function expectConsensus(value: Incident): void {
  const { votes, combinedSeverity, agreement } = value.output
  expect(votes.map(({ agent }) => agent)).toEqual(['supervisor', 'analyst', 'observer'])
  expect(votes.map(({ weight }) => weight)).toEqual(votes.map(({ confidence }) => confidence))
  const expected = weighed(value)
  expect(combinedSeverity).toBe(expected.severity)
  expect(agreement).toBeCloseTo(expected.agreement)
}

test('the example is killed in the middle, goes on, and repeats nothing that was done', async () => {
  const folder = newFolder()
  const run = startAura(folder, ['run', incident, '--input', `series=${checkout}`, '--id', 'inc-1'])
  await run.sees(/cool_down sleeps/)
  run.kill('SIGKILL')
  expect((await run.ended).signal).toBe('SIGKILL')
  const before = await auraJson<Incident>(folder, 'show', 'inc-1')
  expect(before.value.steps.cool_down).toMatchObject({ status: 'waiting' })

  const { code, value } = await auraJson<Incident>(folder, 'run', incident, '--id', 'inc-1')
  expect(code).toBe(0)
  expect(value.status).toBe('completed')
  expect(value.output.anomalies).toBeGreaterThan(0)
  expect(value.output.findings).toHaveLength(value.output.anomalies)
  expectConsensus(value)
  expect(severities).toContain(value.output.conclusion.severity)
  // Nobody asked for somebody to be paged.
  const { page, ...others } = value.steps
  expect(page?.status).toBe('skipped')
  expect(Object.values(others).every(({ status }) => status === 'completed')).toBe(true)
  expect(value.steps.analyse?.attempts).toBe(value.output.anomalies)
  for (const id of ['observe', 'conclude']) expect(value.steps[id]?.attempts).toBe(1)
  expect(value.steps.decide?.attempts).toBe(3)
  for (const id of ['observe', 'analyse', 'decide']) {
    expect(value.steps[id]).toEqual(
      expect.objectContaining({ endedAtMs: before.value.steps[id]?.endedAtMs }),
    )
  }
  const { startedAtMs = 0, endedAtMs = 0 } = value.steps.cool_down ?? {}
  expect(endedAtMs - startedAtMs).toBeGreaterThanOrEqual(2_000)
})

test('the example draws the series for a person and says what to type next', async () => {
  const folder = newFolder()
  const { code, stdout } = await aura(
    folder,
    'run',
    incident,
    '--input',
    `series=${checkout}`,
    '--id',
    'inc-2',
  )
  expect(code).toBe(0)
  expect(stdout).toMatch(/✔ completed in .* inc-2/)
  expect(stdout).toMatch(/observe found (one anomaly|\d+ anomalies)/)
  expect(stdout).toContain('┤')
  expect(stdout).toMatch(/combinedSeverity: (low|medium|high|critical)/)
  expect(stdout).toMatch(/aura show inc-2\n/)
})

test('the example takes any series of timestamp and value, also one without anomalies', async () => {
  const folder = newFolder()
  const rows = Array.from({ length: 300 }, (_, i) => {
    const at = new Date(Date.UTC(2014, 1, 14) + i * 300_000)
      .toISOString()
      .slice(0, 19)
      .replace('T', ' ')
    return `${at},${(50 + 5 * Math.sin(i / 9) + ((i * 7_919) % 13) / 13).toFixed(3)}`
  })
  writeFileSync(join(folder, 'quiet.csv'), `timestamp,value\n${rows.join('\n')}\n`)
  const { code, value } = await auraJson<Incident>(
    folder,
    'run',
    incident,
    '--input',
    'series=quiet.csv',
  )
  expect(code).toBe(0)
  expect(value.output.findings).toHaveLength(value.output.anomalies)
  expectConsensus(value)
})

test('a payment is booked once although its process is killed while it books', async () => {
  const folder = newFolder()
  const words = [...approval, '--id', 'pay-1']
  const first = startAura(folder, [...words, '--input', 'account=travel', '--input', 'amount=120'])
  await first.sees(/aura signal pay-1 approval/)
  await auraJson(folder, 'signal', 'pay-1', 'approval', '--data', '{"approved":true}')
  await first.sees(/book attempt 1/)
  first.kill('SIGKILL')
  await first.ended
  const { code, value } = await auraJson(folder, ...words)
  expect(code).toBe(0)
  const entry = { key: 'pay-1/book/1', kind: 'payment', account: 'travel', amount: 120 }
  expect(value).toMatchObject({ status: 'completed', output: { booked: true, entry } })
  const lines = readFileSync(join(folder, '.aura', 'ledger.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual([
    'pay-1/reserve/1',
    'pay-1/book/1',
  ])
})

test('a small payment asks nobody, a refused one is not booked, a cancelled one is released', async () => {
  const folder = newFolder()
  const start = (id: string, amount: number) =>
    startAura(folder, [
      ...approval,
      '--id',
      id,
      '--input',
      'account=a',
      '--input',
      `amount=${amount}`,
      '--db',
      `${id}.db`,
      '--json',
    ])
  const small = start('small', 20)
  const refused = start('refused', 500)
  const cancelled = start('cancelled', 500)
  await Promise.all([
    refused.sees(/signal refused approval/),
    cancelled.sees(/signal cancelled approval/),
  ])
  await Promise.all([
    aura(
      folder,
      'signal',
      'refused',
      'approval',
      '--data',
      '{"approved":false}',
      '--db',
      'refused.db',
    ),
    aura(folder, 'cancel', 'cancelled', '--db', 'cancelled.db'),
  ])
  const ended = await Promise.all([small.ended, refused.ended, cancelled.ended])
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 1])
  expect(JSON.parse(ended[0].stdout)).toMatchObject({ output: { booked: true } })
  expect(JSON.parse(ended[1].stdout)).toMatchObject({ output: { booked: false, entry: null } })
  expect(JSON.parse(ended[2].stdout)).toMatchObject({
    steps: { reserve: { status: 'compensated' } },
  })
  const keys = readFileSync(join(folder, '.aura', 'ledger.jsonl'), 'utf8').match(/"key":"[^"]+/g)
  expect(keys?.toSorted()).toEqual(
    [
      'cancelled/reserve/1',
      'cancelled/reserve/1/compensate',
      'refused/release/1',
      'refused/reserve/1',
      'small/book/1',
      'small/reserve/1',
    ].map((key) => `"key":"${key}`),
  )
})
