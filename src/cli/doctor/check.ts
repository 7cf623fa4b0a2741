/** One thing that `aura doctor` looked at. `notConfigured` is no fault. */
export interface Check {
  readonly name: string
  readonly status: 'ok' | 'warning' | 'failed' | 'notConfigured'
  readonly detail: string
  readonly hint: string | null
}
