import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { auraScript, cleanUp, newFolder, startAura } from './cli-process.ts'

afterEach(cleanUp)

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => {
    const row = from + i
    const t = new Date(Date.UTC(2026, 0, 1) + row * 60_000).toISOString()
    return `${t},${10 + Math.sin(row / 5) + (row >= 300 && row < 305 ? 80 : 0)}\n`
  }).join('')

test('tda watch reads standard input and tells beginnings and ends, as lines or as JSON', () => {
  const folder = newFolder()
  const watch = (...words: string[]) =>
    spawnSync(auraScript, ['tda', 'watch', '-', ...words], {
      cwd: folder,
      input: `timestamp,value\n${rows(0, 400)}`,
      encoding: 'utf8',
    })
  const plain = watch()
  expect(plain.status).toBe(0)
  expect(plain.stdout).toMatch(/^begins {2}value {2}\w+ +severity 0\.\d+ +score .* 05:00:00/)
  expect(plain.stdout).toMatch(/\nended +value {2}/)
  expect(plain.stderr).toContain('400 points')
  const json = watch('--json')
  const lines = json.stdout.trim().split('\n')
  const told = lines.map((line) => JSON.parse(line) as { event: string; anomaly: object })
  expect(told.map(({ event }) => event)).toEqual(['opened', 'closed'])
  expect(told[1]?.anomaly).toMatchObject({ source: 'stdin', column: 'value' })
  expect(json.stderr).toBe('')
  expect(watch('--column', 'valeu', '--json').status).toBe(2)
})

test('tda watch follows a file that grows until Ctrl-C', async () => {
  const folder = newFolder()
  const path = join(folder, 'grows.csv')
  writeFileSync(path, `timestamp,value\n${rows(0, 250)}`)
  const watch = startAura(folder, ['tda', 'watch', 'grows.csv'])
  await watch.sees(/watching .*grows\.csv/)
  appendFileSync(path, rows(250, 303))
  await watch.prints(/begins {2}value/)
  watch.kill('SIGINT')
  const ended = await watch.ended
  expect(ended.code).toBe(130)
  expect(ended.stdout).toMatch(/ended +value/)
})

test('tda watch takes the metrics of its own process, and refuses those it has not', async () => {
  const folder = newFolder()
  const watch = startAura(folder, ['tda', 'watch', '--every', '50ms'])
  await watch.sees(/watching process/)
  watch.kill('SIGINT')
  expect((await watch.ended).code).toBe(130)
  for (const words of [
    ['--column', 'disk'],
    ['--every', 'soon'],
    ['--every', '1ms'],
  ]) {
    const refused = spawnSync(auraScript, ['tda', 'watch', ...words], { encoding: 'utf8' })
    expect([refused.status, refused.stdout]).toEqual([2, ''])
  }
})

test('tda scan writes a backtest page, and still exactly one JSON document on stdout', () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'series.csv'), `timestamp,value\n${rows(0, 400)}`)
  const scan = (...words: string[]) =>
    spawnSync(auraScript, ['tda', 'scan', 'series.csv', ...words], {
      cwd: folder,
      encoding: 'utf8',
    })
  const { status, stdout, stderr } = scan('--report', 'page.html', '--json')
  expect(status).toBe(0)
  expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['column', 'points', 'anomalies'])
  expect(stderr).toContain('page.html')
  const page = readFileSync(join(folder, 'page.html'), 'utf8')
  for (const part of ['persistence diagram', 'barcode', 'aria-label="score"', '<section>'])
    expect(page).toContain(part)
  expect(scan('--report', 'no/such/folder/page.html').status).toBe(2)
  expect(scan('--together', '--column', 'value').status).toBe(2)
})

test('tda scan --together judges all columns by how they move with each other', () => {
  const folder = newFolder()
  const lines = Array.from({ length: 200 }, (_, i) => `${Math.sin(i / 3)},${-2 * Math.sin(i / 3)}`)
  writeFileSync(join(folder, 'two.csv'), `a,b\n${lines.join('\n')}\n`)
  const scan = spawnSync(auraScript, ['tda', 'scan', 'two.csv', '--together', '--json'], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect(JSON.parse(scan.stdout)).toEqual({ column: null, points: 200, anomalies: [] })
})
