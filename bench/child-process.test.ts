import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { ChildProgram, valueOf } from './child-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'child-program-'))
afterAll(() => rmSync(folder, { recursive: true }))

function programOf(source: string): URL {
  const path = join(folder, 'program.ts')
  writeFileSync(path, source)
  return pathToFileURL(path)
}

it('gives what the program tells, one value after the other, while it goes on', async () => {
  const program = programOf(`
    for (const word of process.argv.slice(2)) console.log(JSON.stringify({ word }))
    setInterval(() => {}, 60_000)`)
  const child = new ChildProgram(program, ['one', 'two'])
  expect(await child.next()).toEqual({ word: 'one' })
  expect(await child.next()).toEqual({ word: 'two' })
  await child.kill()
  await expect(child.next()).rejects.toThrow(/ended/)
  await child.kill()
})

it("gives the program Node's flags", async () => {
  const program = programOf('console.log(typeof globalThis.gc === "function")')
  expect(await valueOf(program, [], ['--expose-gc'])).toBe(true)
  expect(await valueOf(program, [])).toBe(false)
})

it('fails when the program ends without a word', async () => {
  await expect(valueOf(programOf('process.exit(0)'), [])).rejects.toThrow(/program\.ts ended/)
})
