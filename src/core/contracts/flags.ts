/** Answers whether a feature flag is on. With no provider every flag is on. */
export interface FlagProvider {
  isOn(flag: string, context: { readonly executionId: string; readonly workflow: string }): boolean
}

/** One place that may know a flag, for providers that ask several. */
export interface FlagSource extends FlagProvider {
  /** Undefined when this source does not know the flag. */
  decide(
    flag: string,
    context: { readonly executionId: string; readonly workflow: string },
  ): boolean | undefined
}
