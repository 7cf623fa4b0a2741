import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { auraJson, cleanUp, examples, newFolder } from './cli-process.ts'

afterEach(cleanUp)

test.each([
  ['0.9', 'vote', true],
  ['0.5', 'explain', false],
])(
  'the decision tree of examples/strategy leads severity %s to %s',
  async (severity, leaf, voted) => {
    const folder = join(examples, 'strategy')
    const words = ['--agents', join(folder, 'agents.ts'), '--input', `severity=${severity}`]
    const { code, value } = await auraJson<{ output: { asked: string[] } }>(
      newFolder(),
      'run',
      join(folder, 'incident.yaml'),
      ...words,
    )
    expect(code).toBe(0)
    expect(value.output).toMatchObject({ leaf, voted })
    expect(value.output.asked[0]).toBe('tda.anomalySeverity >= 0.8')
  },
)
