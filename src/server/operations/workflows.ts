import semver from 'semver'
import { OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import {
  documentError,
  documentHash,
  readDocument,
  readDocumentData,
  type ReadResult,
  type WorkflowDocument,
} from '../../workflow/index.ts'
import { type Api, checkAccepting } from '../api.ts'
import {
  registerBody,
  registered,
  workflowList,
  workflowParams,
  workflowVersions,
} from '../contract/workflows.ts'
import { operation, type Operation } from '../operation.ts'
import { notOffered } from '../refusal.ts'
import { mediaType, parseJson } from '../request-body.ts'

const tag = 'workflows'
const yamlTypes = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml']

/** The registry of workflows. */
export const workflowOperations: readonly Operation[] = [
  operation({
    id: 'listWorkflows',
    method: 'GET',
    path: '/v1/workflows',
    tag,
    summary: 'Registered workflows, by name',
    answers: { 200: { description: 'Each in its highest version.', schema: workflowList } },
    problems: [501],
    handle: async (api) => ({
      status: 200,
      body: { workflows: byName(await registry(api)).map(listing), nextCursor: null },
    }),
  }),
  operation({
    id: 'registerWorkflow',
    method: 'POST',
    path: '/v1/workflows',
    tag,
    summary: 'Makes a document known: its triggers fire, and starts and sub-workflows find it',
    body: {
      schema: registerBody,
      bytesMax: limits.documentBytesMax,
      contentTypes: yamlTypes,
      reading: 'text',
    },
    answers: { 201: { description: 'It is registered.', schema: registered } },
    problems: [503],
    async handle(api, { text, request }) {
      checkAccepting(api)
      const { document, data, problems } = readBody(text, request.headers['content-type'])
      if (document === null) throw documentError(problems)
      await api.options.engine.registerWorkflow(data)
      return { status: 201, body: { name: data.name, version: data.version, problems } }
    },
  }),
  operation({
    id: 'getWorkflow',
    method: 'GET',
    path: '/v1/workflows/{name}',
    tag,
    summary: 'The versions of a workflow with their documents',
    params: workflowParams,
    answers: { 200: { description: 'Highest first.', schema: workflowVersions } },
    problems: [404, 501],
    async handle(api, { params: { name } }) {
      const versions = byVersion(await registry(api, name))
      if (versions.length === 0) throw unknown(name, await registry(api))
      return {
        status: 200,
        body: {
          name,
          versions: versions.map((document) => ({
            version: document.version,
            hash: documentHash(document),
            document,
          })),
        },
      }
    },
  }),
]

async function registry({ options }: Api, name?: string): Promise<readonly WorkflowDocument[]> {
  if (options.workflows !== undefined) return options.workflows(name)
  throw notOffered('this owner lists no workflows', '`aura serve` does')
}

/** One document per version, highest first; of a version that was registered twice the later one. */
function byVersion(documents: readonly WorkflowDocument[]): readonly WorkflowDocument[] {
  const latest = new Map(documents.map((document) => [document.version, document]))
  return [...latest.values()].toSorted((a, b) => semver.compareBuild(b.version, a.version))
}

function byName(documents: readonly WorkflowDocument[]): (readonly WorkflowDocument[])[] {
  const names = new Map<string, WorkflowDocument[]>()
  for (const document of documents) {
    const known = names.get(document.name)
    if (known === undefined) names.set(document.name, [document])
    else known.push(document)
  }
  return [...names].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, ofName]) => byVersion(ofName))
}

function listing(versions: readonly WorkflowDocument[]): object {
  const { name, version, description, metadata, triggers } = versions[0] as WorkflowDocument
  const all = versions.map((document) => document.version)
  return { name, version, description, metadata, triggers, versions: all }
}

function readBody(text: string, contentType: string | undefined): ReadResult {
  if (yamlTypes.includes(mediaType(contentType) ?? '')) return readDocument(text, { file: 'body' })
  const value = parseJson(text)
  const data = isJsonObject(value) && isWrapped(value) ? value.document : value
  if (!isJsonObject(data)) {
    throw new OrchestrationError('InputError', 'body: it must be a workflow document', {
      hint: 'send the document, or { "document": … }; YAML with content-type application/yaml',
    })
  }
  return readDocumentData(data, { file: 'body' })
}

function isWrapped(value: JsonObject): boolean {
  return 'document' in value && !('steps' in value)
}

function unknown(name: string, all: readonly WorkflowDocument[]): OrchestrationError {
  const hint = nearestOrAll(name, [...new Set(all.map((document) => document.name))])
  return new OrchestrationError(
    'NotFoundError',
    `no workflow '${name}' is registered`,
    hint === null ? {} : { hint },
  )
}
