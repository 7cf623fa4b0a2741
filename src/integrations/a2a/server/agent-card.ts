import type { AgentCard } from '@a2a-js/sdk'
import type { ServedSkill } from './task-host.ts'

const jsonType = 'application/json'
const modes = [jsonType, 'text/plain']

/** The card of all workflows, or of one of them. */
export function agentCard(
  skills: readonly ServedSkill[],
  {
    origin,
    path,
    only,
  }: { readonly origin: string; readonly path: string; readonly only?: string },
): AgentCard {
  const shown = skills.filter(({ name }) => only === undefined || name === only)
  const one = only === undefined ? undefined : shown[0]
  return {
    name: one?.name ?? 'aura',
    description:
      one?.description ??
      (one === undefined
        ? "Durable workflows. Name one as 'skill' in a message's metadata."
        : `The workflow ${one.name}`),
    version: one?.version ?? '1.0.0',
    supportedInterfaces: [
      {
        url: `${origin}${path}`,
        protocolBinding: 'JSONRPC',
        protocolVersion: '1.0',
        tenant: '',
      },
    ],
    provider: undefined,
    capabilities: { streaming: true, pushNotifications: false, extensions: [] },
    securitySchemes: {
      token: {
        scheme: {
          $case: 'httpAuthSecurityScheme',
          value: {
            scheme: 'Bearer',
            bearerFormat: '',
            description: 'The token of the process that owns the file, in <db>.owner',
          },
        },
      },
    },
    securityRequirements: [{ schemes: { token: { list: [] } } }],
    defaultInputModes: modes,
    defaultOutputModes: modes,
    skills: shown.map(({ name, version, description }) => ({
      id: name,
      name,
      description: description ?? `The workflow ${name}`,
      tags: ['workflow', version],
      examples: [],
      inputModes: modes,
      outputModes: modes,
      securityRequirements: [],
    })),
    signatures: [],
  }
}
