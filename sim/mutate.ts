export function plantMutant(name: string): void {
  throw new Error(name)
}
