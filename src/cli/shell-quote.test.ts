import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { shellCommand, shellQuote } from './shell-quote.ts'

test('plain words stay bare', () => {
  expect(shellCommand(['aura', 'signal', 'pay-1', 'approval'])).toBe('aura signal pay-1 approval')
})

test.each(["it's", 'a b', '$HOME', '`id`', 'x;y', "'", 'a\nb', '*'])(
  'a shell reads %j back unchanged',
  (word) => {
    const output = execFileSync('sh', ['-c', `printf %s ${shellQuote(word)}`], { encoding: 'utf8' })
    expect(output).toBe(word)
  },
)
