/** Answers whether a feature flag is on. With no provider every flag is on. */
export interface FlagProvider {
  isOn(flag: string, context: { readonly executionId: string; readonly workflow: string }): boolean
}
