import { OrchestrationError } from '../../../core/errors.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import type { ServedAction, ServedSkill } from './task-host.ts'

/** One agent as its clients see it: a path, and the skills among which a message names one, unless there is only one. */
export interface ServedAgent {
  readonly name: string
  readonly description: string
  readonly version: string
  /** From the root, such as `/a2a/greet`. */
  readonly path: string
  /** By the name that a message says. */
  readonly skills: ReadonlyMap<string, ServedSkill>
}

/** Everything that is served, as one agent: workflows by name, actions as `agent.action`, which no workflow can be called. */
export function everything(skills: readonly ServedSkill[]): ServedAgent {
  return {
    name: 'aura',
    description:
      "Durable workflows, and single agents. Name one as 'skill' in a message's metadata.",
    version: '1.0.0',
    path: '/a2a',
    skills: new Map(skills.map((skill) => [fullName(skill), skill])),
  }
}

/** @throws NotFoundError for a workflow that is not served */
export function oneWorkflow(skills: readonly ServedSkill[], name: string): ServedAgent {
  const workflows = skills.filter(({ kind }) => kind === 'workflow')
  const skill = workflows.find((one) => one.name === name)
  if (skill === undefined) throw notServed('workflow', name, workflows.map(fullName))
  const { version, description } = skill
  return {
    name,
    description: description ?? `The workflow ${name}`,
    version,
    path: `/a2a/${name}`,
    skills: new Map([[name, skill]]),
  }
}

/** An agent of the registry; its skills are its actions. @throws NotFoundError for one that is not served */
export function oneAgent(skills: readonly ServedSkill[], id: string): ServedAgent {
  const actions = skills.filter((skill) => skill.kind === 'action')
  const own = actions.filter(({ agent }) => agent === id)
  const [first] = own
  if (first === undefined) {
    const ids = [...new Set(actions.map(({ agent }) => agent))]
    throw notServed('agent', id, ids)
  }
  return {
    name: id,
    description: first.purpose ?? `The agent ${id}`,
    version: first.version,
    path: `/a2a/agents/${id}`,
    skills: new Map(own.map((action): [string, ServedAction] => [action.name, action])),
  }
}

function fullName(skill: ServedSkill): string {
  return skill.kind === 'workflow' ? skill.name : `${skill.agent}.${skill.name}`
}

function notServed(what: string, name: string, known: readonly string[]): OrchestrationError {
  const hint = nearestOrAll(name, known)
  return new OrchestrationError(
    'NotFoundError',
    `no ${what} '${name}' is registered`,
    hint === null ? {} : { hint },
  )
}
