import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { DurationText } from './duration-text.ts'

/** Options of patterns as a document has them. Each pattern reads its own and refuses the others. */
export interface PatternOptionsData {
  /** Of the whole pattern. Default none. */
  readonly deadline?: DurationText
  /** fanOut: `all` (default) `first quorum best merge reduce`. consensus: `majority` (default) `unanimous weighted borda quorum`. */
  readonly strategy?:
    | 'all'
    | 'first'
    | 'best'
    | 'merge'
    | 'reduce'
    | 'quorum'
    | 'unanimous'
    | 'majority'
    | 'weighted'
    | 'borda'
  /** How many answers or votes are enough; default more than half. Of other votings: how many must be cast, default 1. */
  readonly quorum?: number
  /** consensus: the field of an output that is the vote. Default `choice`. */
  readonly field?: string
  /** consensus: what may be voted for. Default anything. */
  readonly choices?: readonly JsonValue[]
  /** consensus, `weighted` and `borda`: by agent. */
  readonly weights?: { readonly [agent: string]: number }
  /** consensus: less sure votes count as abstentions. Default 0. */
  readonly confidenceMin?: number
  /** consensus: what a vote is that cannot be counted. Default `abstain`. */
  readonly invalid?: 'abstain' | 'fail'
  /** consensus: agents that may rule choices out. Default nobody. */
  readonly veto?: readonly string[]
  /** consensus: what decides between level choices. Default `fail`. */
  readonly tieBreak?: 'fail' | 'order' | { readonly agent: string }
  /** fanOut: how many agents may fail. Default 0; of `first` and `quorum` as many as are not needed. */
  readonly failuresMax?: number
  /** fanOut, `best`: a CEL expression over `output` that gives its score. */
  readonly score?: string
  /** fanOut, `reduce`: called with `{ input, results }`. */
  readonly reduce?: { readonly agent: string; readonly action: string }
  /** pipeline: what lies behind each stage but the last. */
  readonly joints?: readonly ({
    /** The next stage's input; texts may hold templates over `output`. Default the output. */
    readonly map?: JsonValue
    /** JSON Schema 2020-12 that the output must match. */
    readonly schema?: JsonObject
  } | null)[]
  /** pipeline: a CEL expression over `output`; true ends it with that output. */
  readonly stopWhen?: string
  /** hierarchical: default the step's action. */
  readonly actions?: { readonly plan?: string; readonly work?: string; readonly review?: string }
  /** hierarchical: rounds of work, the first included. Default 3. */
  readonly roundsMax?: number
  /** hierarchical: workers that supervise a team of their own. */
  readonly teams?: { readonly [worker: string]: readonly string[] }
}
