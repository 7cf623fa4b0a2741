import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorCodes } from '../src/core/errors.ts'

const folder = new URL('../docs/errors/', import.meta.url)
const pages = readdirSync(folder).filter((name) => name !== 'README.md')

test('every error code has a page, and every page is about a code', () => {
  expect(pages.toSorted()).toEqual(errorCodes.map((code) => `${code}.md`).toSorted())
})

test.each(pages)('%s says what it means, where it comes from and what to do', (name) => {
  const text = readFileSync(new URL(name, folder), 'utf8')
  const headings = text.split('\n').filter((line) => line.startsWith('#'))
  expect(headings).toEqual([`# ${name.replace(/\.md$/, '')}`, '## Typical causes', '## What to do'])
  for (const part of text.split(/^#.*$/m).slice(1)) expect(part.trim().length).toBeGreaterThan(20)
})

test('the list of pages names every code once', () => {
  const list = readFileSync(new URL('README.md', folder), 'utf8')
  for (const code of errorCodes) expect(list.split(`[${code}](${code}.md)`)).toHaveLength(2)
})
