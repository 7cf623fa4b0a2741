/** Something that would not work any more with the modules and documents at hand. */
export interface Break {
  /** Null when it is not about an open execution. */
  readonly executionId: string | null
  readonly stepId: string | null
  readonly kind:
    | 'agentMissing'
    | 'actionMissing'
    | 'contractChanged'
    | 'effectChanged'
    | 'workflowMissing'
    | 'documentInvalid'
    | 'documentDamaged'
    | 'triggerInput'
  readonly message: string
  readonly hint: string | null
}

/** What agents the modules have, as far as a check asks. */
export interface AgentLookup {
  /** Undefined when there is no such agent. */
  actionsOf(agent: string): readonly string[] | undefined
  contract(
    agent: string,
    action: string,
  ): { readonly hash: string; readonly effect: string } | undefined
  readonly names: readonly string[]
  /** Whether modules were given: without them only the built-in agents are known. */
  readonly hasModules: boolean
}
