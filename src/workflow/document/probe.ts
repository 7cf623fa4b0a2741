import { readDocument } from './read.ts'
import { readDocumentData } from './read.ts'
function time(name: string, text: string) {
  const t = performance.now()
  const r = readDocument(text, { file: 'f' })
  console.log(
    name,
    text.length,
    Math.round(performance.now() - t),
    'ms',
    r.problems.length,
    r.problems[0]?.message?.slice(0, 100),
  )
  return r
}
const head = 'name: a\nversion: 1.0.0\nsteps:\n'
const chain = (f: (i: number) => string) =>
  head + Array.from({ length: 10_000 }, (_, i) => f(i)).join('')
time('warm', chain((i) => (i < 10 ? `  s${i}: { sleep: 1s }\n` : '')).slice(0))
time(
  'chain flow',
  chain(
    (i) =>
      `  s${i}: { ${i ? `needs: [s${i - 1}], ` : ''}agent: a, action: b, with: { v: "\${ ${i ? `steps.s${i - 1}.output` : 'input'}.v }" } }\n`,
  ),
)
time(
  'chain block',
  chain(
    (i) =>
      `  s${i}:\n    ${i ? `needs: [s${i - 1}]\n    ` : ''}agent: a\n    action: b\n    timeout: 30s\n    with:\n      v: \${ ${i ? `steps.s${i - 1}.output.x + ${i}` : 'input.v'} }\n`,
  ),
)
time(
  'chain far refs',
  chain(
    (i) =>
      `  s${i}: { ${i ? `needs: [s${i - 1}], ` : ''}agent: a, action: b, with: { v: "\${ ${i ? `steps.s${i >> 1}.output` : 'input'}.v }" } }\n`,
  ),
)
time(
  'wide',
  chain(
    (i) =>
      `  s${i}: { ${i > 100 ? `needs: [${Array.from({ length: 80 }, (_, k) => `s${i - 100 + k}`)}], ` : ''}sleep: 1s, when: "${i > 200 ? `steps.s${i - 190}.output == null` : 'true'}" }\n`,
  ),
)
time(
  'one cycle',
  chain((i) => `  s${i}: { needs: [s${(i + 1) % 10000}], sleep: 1s }\n`),
)
time(
  'all bad',
  chain((i) => `  s${i}: { needs: [x${i}], slep: 1s }\n`),
)
time(
  'aliases',
  head +
    '  a: &a { sleep: 1s }\n' +
    Array.from({ length: 150 }, (_, i) => `  b${i}: *a\n`).join(''),
)
time(
  'laughs',
  'name: a\na: &a [x,x,x,x,x,x,x,x,x]\n' +
    'bcdefghi'
      .split('')
      .map((c, i) => `${c}: &${c} [${Array(9).fill('*' + 'abcdefgh'[i])}]\n`)
      .join(''),
)
time(
  'big anchor',
  head +
    '  a: &a { agent: a, action: b, with: { t: "' +
    'x'.repeat(4_000_000) +
    '" } }\n' +
    Array.from({ length: 50 }, (_, i) => `  b${i}: *a\n`).join(''),
)
const cases: Record<string, string> = {
  flowseq: '['.repeat(2_000_000),
  dash: '- '.repeat(2_000_000),
  keys: Array.from({ length: 400_000 }, (_, i) => `k${i}: 1`).join('\n'),
  tags: '! '.repeat(1_000_000),
  commas: '[' + ','.repeat(2_000_000),
  dq: 'a: "' + 'x\n'.repeat(2_000_000) + '"',
  docs: '---\n'.repeat(1_000_000),
  bad: ']'.repeat(2_000_000),
  esc: '"' + '\\q'.repeat(2_000_000) + '"',
  anchors: '&a '.repeat(1_000_000),
  needs: head + '  a: { sleep: 1s, needs: [' + 'b,'.repeat(1_500_000) + '] }',
  keyl: '? '.repeat(1000),
}
cases.dqok = `a: "${"x\n ".repeat(1_500_000)}"`; cases.folded = "a: >\n" + "  x\n".repeat(1_000_000); cases.plain = "a: b\n" + "  c\n".repeat(1_000_000)
for (const [k, v] of Object.entries(cases)) time(k, v)
const t = performance.now()
const r = readDocumentData({
  name: 'a',
  version: '1.0.0',
  steps: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`s${i}`, { sleep: '1s' }])),
})
console.log(
  'data',
  Math.round(performance.now() - t),
  r.problems.length,
  process.memoryUsage().rss / 1e6,
)
