import { readFileSync } from 'node:fs'

/** One task of a recorded workflow run. */
export interface WfTask {
  readonly id: string
  /** Ids of the tasks that it waits for. */
  readonly parents: readonly string[]
  readonly runtimeMs: number
}

/** What the bench needs of a file in WfFormat 1.5 (https://wfcommons.org/format). */
interface WfFile {
  readonly workflow?: {
    readonly specification?: {
      readonly tasks: readonly { readonly id: string; readonly parents?: readonly string[] }[]
    }
    readonly execution?: {
      readonly tasks: readonly { readonly id: string; readonly runtimeInSeconds: number }[]
    }
  }
}

/**
 * The tasks of a recorded run; null for JSON of another kind, such as a summary beside the instances.
 *
 * @throws Error when a task has no runtime or names a parent that is not there
 */
export function readInstance(path: string): readonly WfTask[] | null {
  const { workflow } = JSON.parse(readFileSync(path, 'utf8')) as WfFile
  const specified = workflow?.specification?.tasks
  if (specified === undefined) return null
  const seconds = new Map(
    workflow?.execution?.tasks.map(({ id, runtimeInSeconds }) => [id, runtimeInSeconds]),
  )
  const ids = new Set(specified.map(({ id }) => id))
  return specified.map(({ id, parents = [] }) => {
    const runtime = seconds.get(id)
    if (runtime === undefined) throw new Error(`${path}: task '${id}' has no runtime`)
    const missing = parents.find((parent) => !ids.has(parent))
    if (missing !== undefined) throw new Error(`${path}: task '${id}' has no parent '${missing}'`)
    return { id, parents: [...new Set(parents)], runtimeMs: runtime * 1_000 }
  })
}

/** The longest way through the tasks: what a run takes when everything that may run does, and nothing else takes time. @throws Error for a cycle */
export function criticalPathMs(tasks: readonly WfTask[]): number {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const endMs = new Map<string, number>()
  const open = new Set<string>()
  // By hand and not by recursion: a chain may be longer than the stack.
  for (const task of tasks) {
    const path = [task]
    for (let one = path.at(-1); one !== undefined; one = path.at(-1)) {
      const next = one.parents.find((parent) => !endMs.has(parent))
      if (next === undefined) {
        const startMs = Math.max(0, ...one.parents.map((parent) => endMs.get(parent) ?? 0))
        endMs.set(one.id, startMs + one.runtimeMs)
        open.delete(one.id)
        path.pop()
        continue
      }
      open.add(one.id)
      if (open.has(next)) throw new Error(`task '${next}' waits for itself`)
      path.push(byId.get(next) as WfTask)
    }
  }
  return Math.max(0, ...endMs.values())
}

/** The same tasks with all runtimes stretched or shrunk alike, so that the critical path is as long as given. */
export function scaledTo(pathMs: number, tasks: readonly WfTask[]): readonly WfTask[] {
  const factor = pathMs / criticalPathMs(tasks)
  if (!Number.isFinite(factor)) return tasks
  return tasks.map((task) => ({ ...task, runtimeMs: task.runtimeMs * factor }))
}
