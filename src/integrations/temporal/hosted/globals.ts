// The sandbox has no structuredClone; what is cloned in it is always JSON.
globalThis.structuredClone ??= <Value>(value: Value): Value =>
  JSON.parse(JSON.stringify(value)) as Value
