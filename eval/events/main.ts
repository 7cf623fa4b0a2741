// How well patterns notice incidents in a labelled event log.
//
//   npm run -s eval:events -- [--patterns FILE] [--learn LOG] [--log LOG] [--json]
//
// LOG is the beginning of `<LOG>.jsonl` and `<LOG>.labels.json`. The patterns are those of FILE, each meant for
// the kinds of incidents in its `metadata.incidents`, and those learned from the log of --learn.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { messageOf } from '../../src/core/errors.ts'
import {
  correlateMatches,
  evaluateMatches,
  learnPatterns,
  readEventLabels,
  readEventLog,
  readPatterns,
  SemanticPatternMatcher,
} from '../../src/semantic/index.ts'
import type {
  DeclaredPattern,
  Evaluation,
  PatternMatch,
  WindowCorrelation,
} from '../../src/semantic/index.ts'

/** Incidents of one kind below which nothing is learned of it. */
const incidentsMin = 3

try {
  const { values } = parseArgs({
    options: {
      patterns: { type: 'string', default: 'examples/events/patterns.yaml' },
      learn: { type: 'string', default: 'examples/events/learning' },
      log: { type: 'string', default: 'examples/events/judging' },
      json: { type: 'boolean', default: false },
    },
  })
  const declared = readPatterns(parse(readFileSync(values.patterns, 'utf8')))
  const patterns = [...declared, ...learnedFrom(values.learn)]
  const { evaluation, correlation, counts } = await judged(patterns, values.log)
  if (values.json) console.log(JSON.stringify({ ...evaluation, correlation, counts }))
  else console.log(tableOf(evaluation, correlation))
} catch (thrown) {
  console.error(`eval:events: ${messageOf(thrown)}`)
  process.exitCode = 2
}

function readRecording(base: string) {
  const labels = readEventLabels(readFileSync(`${base}.labels.json`, 'utf8'))
  return { labels, events: readEventLog(readFileSync(`${base}.jsonl`, 'utf8')) }
}

function learnedFrom(base: string): readonly DeclaredPattern[] {
  const { labels, events } = readRecording(base)
  const byKind = Map.groupBy(labels.incidents, ({ kind }) => kind)
  return [...byKind]
    .filter(([, incidents]) => incidents.length >= incidentsMin)
    .flatMap(([kind, incidents]) => {
      const name = `learned-${kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
      return learnPatterns(events, incidents, {
        name,
        range: { t0Ms: labels.fromMs, t1Ms: labels.toMs },
        withinMs: 5_000,
        lengthMax: 7,
        patternsMax: 2,
        fields: ['subject'],
        metadata: { incidents: [kind] },
      }).patterns
    })
}

async function judged(patterns: readonly DeclaredPattern[], base: string) {
  const { labels, events } = readRecording(base)
  const matcher = new SemanticPatternMatcher({ patterns })
  const matches: PatternMatch[] = []
  for (const event of events) matches.push(...(await matcher.observe(event)).matches)
  matches.push(...matcher.finish())
  const meantFor = new Map(patterns.map(({ name, metadata }) => [name, kindsOf(metadata)]))
  const range = { t0Ms: labels.fromMs, t1Ms: labels.toMs }
  return {
    evaluation: evaluateMatches(matches, labels, { meantFor }),
    correlation: correlateMatches(matches, labels.tdaWindows, { range }),
    counts: matcher.counts,
  }
}

function kindsOf({ incidents }: DeclaredPattern['metadata']): readonly string[] {
  return Array.isArray(incidents) ? incidents.map(String) : []
}

function tableOf(
  { patterns, precision, recall, chance }: Evaluation,
  correlation: readonly WindowCorrelation[],
): string {
  const rows = patterns.map(({ name, n, ...score }) => {
    const lift = correlation.find(({ pattern }) => pattern === name)?.lift
    const cells = percent(score.precision) + percent(score.recall) + String(n).padStart(6)
    return name.padEnd(34) + cells + (lift?.toFixed(1) ?? '-').padStart(10)
  })
  const head = `${'pattern'.padEnd(34)} precision    recall     n  TDA lift`
  const all = 'all'.padEnd(34) + percent(precision) + percent(recall)
  return [head, ...rows, all, `precision at random moments:${percent(chance)}`].join('\n')
}

function percent(share: number | null): string {
  return (share === null ? '-' : `${(share * 100).toFixed(0)} %`).padStart(10)
}
