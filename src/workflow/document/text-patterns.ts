/** A workflow's name. */
export const namePattern = /^[a-z][a-z0-9-]{0,62}$/

/** A step's id. */
export const stepIdPattern = /^[a-z][a-z0-9_]{0,62}$/

/** Semantic versioning 2.0.0, https://semver.org. */
export const semverPattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/

/** A duration such as `30s`, or a text with a template in it. */
export const durationPattern = /^\d+(ms|s|m|h|d)$|\$\{/
