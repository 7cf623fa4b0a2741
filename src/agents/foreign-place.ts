const own = new URL('..', import.meta.url).href

/** The first place on an error's stack that is neither Node's nor ours: `file:///…/agents.ts:12:5`. */
export function foreignPlace(error: Error): string | undefined {
  if (typeof error.stack !== 'string') return undefined
  for (const [place] of error.stack.slice(0, 8_192).matchAll(/file:\/\/[^\s()]+:\d+:\d+/g)) {
    if (!place.startsWith(own)) return place
  }
  return undefined
}
