/** Colours and weights for a terminal; each function returns its text, painted or plain. */
export interface Paint {
  readonly isOn: boolean
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const

/** The painter of one stream; off gives every text back as it is. */
export function makePaint(isOn: boolean): Paint {
  const brush = (name: keyof typeof codes) => {
    const [on, off] = codes[name]
    return (text: string): string =>
      isOn && text !== '' ? `\u001B[${on}m${text}\u001B[${off}m` : text
  }
  return {
    isOn,
    bold: brush('bold'),
    dim: brush('dim'),
    red: brush('red'),
    green: brush('green'),
    yellow: brush('yellow'),
    cyan: brush('cyan'),
  }
}

/**
 * Whether a stream is painted: a terminal that is not `dumb`, unless NO_COLOR (no-color.org) is set to
 * anything; FORCE_COLOR, other than `0`, paints what is no terminal.
 */
export function wantsColor(
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0'
  return isTerminal && env.TERM !== 'dumb'
}
