/** Why a call waits whose agent this process does not have. */
export function missingAgent(agent: string, action: string): string {
  return `no agent '${agent}' with action '${action}' here`
}
