import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { aura, auraJson, cleanUp, examples, newFolder, startAura } from './cli-process.ts'

afterEach(cleanUp)

const policies = join(examples, 'policies')
const patterns = join(examples, 'patterns')
interface Tested {
  readonly passed: boolean
  readonly cases: readonly { readonly name: string; readonly rules: object }[]
}

test.each(['house.yaml', 'review.yaml'])('the cases of examples/policies/%s hold', async (name) => {
  const { code, value } = await auraJson<Tested>(
    newFolder(),
    'policy',
    'test',
    join(policies, name),
  )
  expect(code).toBe(0)
  expect(value.passed).toBe(true)
  expect(value.cases.length).toBeGreaterThan(1)
})

test('a case that is not as expected is told with its rule, and ends with 1', async () => {
  const folder = newFolder()
  const text = `name: p\nversion: 1.0.0\nrules: [{ id: r, then: { quorum: 2 } }]\ntests: [{ name: other, expect: { quorum: 3 } }]\n`
  writeFileSync(join(folder, 'p.yaml'), text)
  const { code, stdout } = await aura(folder, 'policy', 'test', 'p.yaml')
  expect(code).toBe(1)
  expect(stdout).toContain('quorum 2 by r')
  expect(stdout).toContain('quorum: expected 3, decided 2')
})

test('a policy with problems ends with 2, and each is told with its place', async () => {
  const folder = newFolder()
  const text = 'name: p\nversion: 1.0.0\nrules:\n  - { id: r, then: { quorums: 2 } }\n'
  writeFileSync(join(folder, 'p.yaml'), text)
  const { code, stderr } = await aura(folder, 'policy', 'test', 'p.yaml')
  expect(code).toBe(2)
  expect(stderr).toContain('p.yaml:4:22')
  expect(stderr).toContain("did you mean 'quorum'?")
})

test('an execution waits for the approval of its policy and is voted on by all', async () => {
  const folder = newFolder()
  const words = ['--agents', join(patterns, 'agents.ts'), '--input', 'proposal=we guarantee it']
  const run = startAura(
    folder,
    ['run', join(patterns, 'consensus.yaml'), ...words, '--id', 'promise-1', '--json'],
    { AURA_POLICY: join(policies, 'review.yaml') },
  )
  await run.sees(/aura signal promise-1 approve-decide/)
  const said = await aura(folder, 'signal', 'promise-1', 'approve-decide')
  expect(said.code).toBe(0)
  const { code, stdout } = await run.ended
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ status: 'completed' })
  const log = await aura(folder, 'logs', 'promise-1')
  expect(log.stdout).toContain('decide: policy review 1.0.0 decides')
  expect(log.stdout).toContain('(rule promises)')
})

test('serve obeys a changed policy without a restart, and keeps the old one where the new is bad', async () => {
  const folder = newFolder()
  const write = (version: string, then: string) =>
    writeFileSync(
      join(folder, 'p.yaml'),
      `name: p\nversion: ${version}\nrules: [{ id: r, then: ${then} }]\n`,
    )
  const steps = 'steps: { ask: { agent: router, action: route, with: { task: explain it } } }'
  writeFileSync(join(folder, 'w.yaml'), `name: w\nversion: 1.0.0\n${steps}\n`)
  write('1.0.0', '{ agents: [analyst] }')
  const serve = startAura(folder, ['serve', '--port', '0', '--policy', 'p.yaml'])
  await serve.prints(/executions recovered/)
  /** The file is looked at once a second, when a policy is asked. */
  const runUntil = async (pattern: RegExp, code: number): Promise<void> => {
    for (let run = 0; run < 30 && !pattern.test(serve.stderr()); run++)
      await aura(folder, 'run', 'w.yaml')
    expect(serve.stderr()).toMatch(pattern)
    expect((await aura(folder, 'run', 'w.yaml')).code).toBe(code)
  }
  expect((await aura(folder, 'run', 'w.yaml')).code).toBe(1)
  write('1.1.0', '{ agents: [nobody] }')
  await runUntil(/policy p 1\.0\.0 stays in force/, 1)
  write('1.2.0', '{ agents: [router] }')
  await runUntil(/policy p 1\.2\.0 is in force/, 0)
})
