/** A value by its name; undefined for the names of what every object has, such as `constructor`. */
export function own<Value>(
  values: { readonly [name: string]: Value },
  name: string,
): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}
