import { nearestOrAll } from '../core/nearest.ts'
import {
  documentError,
  type Problem,
  resolveWorkflowRef,
  type WorkflowData,
  type WorkflowDocument,
  type WorkflowRef,
  workflowRefs,
} from '../workflow/index.ts'
import type { Definition, Definitions } from './definitions.ts'
import type { Journal } from './journal/journal.ts'

interface Candidate {
  readonly name: string
  readonly version: string
  readonly definition: () => Definition
}

/** What a start pins: the document of every sub-workflow that its tree may call. */
export interface Pinned {
  /** Content hash by `name@range`; null when the document calls no workflow. */
  readonly pins: { readonly [nameAndRange: string]: string } | null
  readonly definitions: readonly Definition[]
}

const noPins: Pinned = { pins: null, definitions: [] }

/** Finds the documents of sub-workflows among those given with a start and those that are registered. */
export class Pins {
  readonly #journal: Pick<Journal, 'workflows' | 'document'>
  readonly #definitions: Definitions
  /** Whether documents call workflows: asked at every start. */
  readonly #refs = new WeakMap<WorkflowDocument, readonly WorkflowRef[]>()

  constructor(journal: Pick<Journal, 'workflows' | 'document'>, definitions: Definitions) {
    this.#journal = journal
    this.#definitions = definitions
  }

  /**
   * Resolves every range to the highest version that is there now, also for the workflows that those call.
   *
   * @throws DocumentError when a workflow is not known, or in no version of its range
   */
  resolve(root: Definition, given: readonly WorkflowData[]): Pinned {
    if (this.#refsOf(root.document).length === 0) return noPins
    const candidates = this.#candidates(root, given)
    const pins: Record<string, string> = {}
    const found = new Map<string, Definition>()
    const problems: Problem[] = []
    const queue = [root]
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const ref of this.#refsOf(next.document)) {
        const key = `${ref.name}@${ref.version}`
        if (pins[key] !== undefined) continue
        const definition = candidates[resolveWorkflowRef(ref, candidates)]?.definition()
        if (definition === undefined) {
          problems.push(unknownWorkflow(next.document, ref, candidates))
          continue
        }
        pins[key] = definition.hash
        if (found.has(definition.hash)) continue
        found.set(definition.hash, definition)
        queue.push(definition)
      }
    }
    if (problems.length > 0) throw documentError(problems)
    return { pins, definitions: Array.from(found.values()) }
  }

  #candidates(root: Definition, given: readonly WorkflowData[]): readonly Candidate[] {
    const own = [root, ...given.map((data) => this.#definitions.ofData(data))].map(
      (definition): Candidate => ({
        name: definition.document.name,
        version: definition.document.version,
        definition: () => definition,
      }),
    )
    const registered = this.#journal
      .workflows()
      .map(({ name, version, documentHash }): Candidate => ({
        name,
        version,
        definition: () =>
          this.#definitions.ofHash(documentHash, () => this.#journal.document(documentHash)),
      }))
    // Of equal versions the first is taken: a document beside the parent goes before a registered one.
    return [...own, ...registered]
  }

  #refsOf(document: WorkflowDocument): readonly WorkflowRef[] {
    let refs = this.#refs.get(document)
    if (refs === undefined) {
      refs = workflowRefs(document)
      this.#refs.set(document, refs)
    }
    return refs
  }
}

function unknownWorkflow(
  document: WorkflowDocument,
  { path, name, version }: WorkflowRef,
  candidates: readonly Candidate[],
): Problem {
  const known = candidates.filter((one) => one.name === name).map((one) => one.version)
  const versions = [...new Set(known)]
  const names = Array.from(new Set(candidates.map((one) => one.name)))
  const isUnknown = versions.length === 0
  return {
    file: null,
    line: null,
    column: null,
    path: path.join('.'),
    message: isUnknown
      ? `workflow '${document.name}' calls '${name}', which is not known`
      : `workflow '${document.name}' calls '${name}@${version}', which is known in other versions only`,
    found: `${name}@${version}`,
    expected: isUnknown ? 'a workflow beside the parent or registered' : versions.join(', '),
    hint: isUnknown ? nearestOrAll(name, names) : null,
    level: 'error',
  }
}
