import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configKeys } from '../src/cli/serve/config-keys.ts'

test('docs/configuration.md has a row for every setting, as the code has it', () => {
  const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const expected = configKeys.map(({ key, what, kind, env, flag, defaultValue }) => [
    '',
    `\`${key}\``,
    what,
    kind.expected,
    `\`${env}\``,
    flag === null ? '' : `\`${flag}\``,
    `\`${JSON.stringify(defaultValue)}\``,
    '',
  ])
  expect(rows).toEqual(expected)
})
