import { Composer, Lexer, Parser } from 'yaml'
import type { CST, Document, ParsedNode, YAMLParseError } from 'yaml'
import { limits } from '../../core/limits.ts'
import type { ProblemDraft, ProblemList } from './problem.ts'

/** The tree of one YAML document. */
export interface YamlText {
  readonly text: string
  /** Null when the text could not be read. */
  readonly root: ParsedNode | null
}

// Every control character that YAML forbids in a text.
// oxlint-disable-next-line no-control-regex
const binaryPattern = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

/**
 * Reads a text as one YAML 1.2 document (JSON is a subset) in time linear in its length. Nothing is
 * thrown: what is wrong with the text goes to `problems`.
 */
export function parseYaml(text: string, problems: ProblemList): YamlText {
  const nothing: YamlText = { text, root: null }
  if (!checkText(text, problems)) return nothing
  const fault = (
    message: string,
    sourceOffset: number,
    expected: string | null = null,
  ): YamlText => {
    problems.add({ path: null, message, expected, sourceOffset })
    return nothing
  }
  const tokens = tokenize(text)
  if (typeof tokens === 'number') {
    return fault(
      'the document is nested too deep',
      tokens,
      `at most ${limits.depthMax} levels (depthMax)`,
    )
  }
  const { documents, faults } = compose(tokens, text.length)
  for (const fault of faults) problems.add(syntaxFault(fault))
  if (faults.length > 0) return nothing
  const first = documents[0]
  if (first === undefined)
    return fault('the document is empty', 0, 'a map with name, version and steps')
  const second = documents[1]
  if (second !== undefined) {
    return fault(
      'a file holds one document, this one holds several',
      second.range[0],
      'no further ---',
    )
  }
  reportFaults(first, problems)
  if (problems.hasErrors) return nothing
  return { text, root: first.contents }
}

function checkText(text: string, problems: ProblemList): boolean {
  const bytes = Buffer.byteLength(text)
  if (bytes > limits.documentBytesMax) {
    problems.add({
      path: null,
      message: 'the document is too large',
      found: `${bytes} bytes`,
      expected: `at most ${limits.documentBytesMax} bytes (documentBytesMax)`,
      hint: 'let steps read large data from files or by reference',
    })
    return false
  }
  const binaryAt = text.search(binaryPattern)
  if (binaryAt < 0) return true
  const code = text.charCodeAt(binaryAt).toString(16).toUpperCase().padStart(4, '0')
  problems.add({
    path: null,
    message: 'the document is no text',
    found: `the control character U+${code}`,
    expected: 'YAML or JSON in UTF-8',
    sourceOffset: binaryAt,
  })
  return false
}

/** The tokens, or the offset where they nest deeper than composing them could bear. */
function tokenize(text: string): CST.Token[] | number {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let faultsLeft: number = limits.problemsMax
  let documentsLeft = 2
  const keep = (token: CST.Token): void => {
    if (token.type === 'error' && faultsLeft-- <= 0) return
    if (token.type === 'document') documentsLeft -= 1
    tokens.push(token)
  }
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) keep(token)
    // Beside the collections the stack holds the document and the scalar being read.
    if (parser.stack.length > limits.depthMax + 3) return parser.offset
    if (documentsLeft === 0) return tokens
  }
  for (const token of parser.end()) keep(token)
  return tokens
}

/** Ends composing a text that has more faults than are shown: each costs time and memory. */
class FaultFlood extends Error {}

interface Composed {
  /** At most the first two: a second one is refused anyway. */
  readonly documents: readonly Document.Parsed[]
  /** Faults of a document that was not finished. */
  readonly faults: readonly YAMLParseError[]
}

function compose(tokens: readonly CST.Token[], length: number): Composed {
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    // Looking for duplicates is quadratic there; the tree reader does it with a set.
    uniqueKeys: false,
    strict: true,
    logLevel: 'silent',
  })
  limitFaults(composer)
  const documents: Document.Parsed[] = []
  try {
    for (const document of composer.compose(tokens, false, length)) {
      documents.push(document)
      if (documents.length === 2) break
    }
  } catch (thrown) {
    if (!(thrown instanceof FaultFlood)) throw thrown
    return { documents, faults: composer.streamInfo().errors }
  }
  return { documents, faults: [] }
}

function limitFaults(composer: Composer): void {
  type Handler = (...fault: readonly unknown[]) => void
  // The library has no public way to stop at the n-th error.
  const open = composer as unknown as { onError: Handler }
  const report = open.onError
  let left: number = limits.problemsMax
  open.onError = (...fault) => {
    if (left-- <= 0) throw new FaultFlood()
    report(...fault)
  }
}

function reportFaults(document: Document.Parsed, problems: ProblemList): void {
  for (const error of document.errors) problems.add(syntaxFault(error))
  for (const warning of document.warnings) {
    const isTag = warning.code === 'TAG_RESOLVE_FAILED'
    problems.add({
      path: null,
      message: isTag ? 'tags are not read' : firstLine(warning.message),
      found: isTag ? firstLine(warning.message).replace(/^Unresolved tag: /, '') : null,
      sourceOffset: warning.pos[0],
      ...(isTag ? { hint: 'write plain values without a tag' } : {}),
    })
  }
  const yaml = document.directives?.yaml
  if (yaml?.explicit === true && yaml.version !== '1.2') {
    problems.add({
      path: null,
      message: 'only YAML 1.2 is read',
      found: `%YAML ${yaml.version}`,
      expected: '%YAML 1.2 or no such line',
    })
  }
}

function syntaxFault(error: YAMLParseError): ProblemDraft {
  return {
    path: null,
    message: firstLine(error.message),
    expected: 'YAML 1.2 or JSON',
    sourceOffset: error.pos[0],
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.slice(0, 300) ?? message
}
