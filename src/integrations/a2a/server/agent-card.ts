import type { AgentCard } from '@a2a-js/sdk'
import type { ServedAgent } from './served-agent.ts'

const jsonType = 'application/json'
const modes = [jsonType, 'text/plain']

/** The card of an agent that is served at `origin`. */
export function agentCard(
  { name, description, version, path, skills }: ServedAgent,
  origin: string,
): AgentCard {
  return {
    name,
    description,
    version,
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
    skills: [...skills].map(([id, skill]) => ({
      id,
      name: id,
      description: skill.description ?? `The ${skill.kind} ${id}`,
      tags: [skill.kind, skill.version],
      examples: [],
      inputModes: modes,
      outputModes: modes,
      securityRequirements: [],
    })),
    signatures: [],
  }
}
