/** A duration such as `500ms`, `30s`, `5m`, `2h` or `7d`, or a `${ }` template giving one. */
export type DurationText = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}` | `${string}\${${string}`
