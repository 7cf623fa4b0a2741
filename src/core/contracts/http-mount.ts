/** A request to a mount. */
export interface MountRequest {
  /** Of the path, by name. */
  readonly params: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body as it came. */
  readonly text: string
  /** Where the server was reached, without a slash at its end. */
  readonly origin: string
  /** Aborted when the client has gone or the server closes. */
  readonly signal: AbortSignal
}

/** What a mount answers: a JSON body, or frames of server-sent events until they end. */
export type MountAnswer =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'events'; readonly frames: AsyncIterable<string> }

/** One method on one path of a protocol that the server speaks beside its own API. */
export interface HttpMount {
  readonly method: 'GET' | 'POST'
  /** As OpenAPI writes it: `/a2a/{name}`. */
  readonly path: string
  /** True: anybody may ask, without the token. */
  readonly isPublic: boolean
  /** Whatever it throws becomes a problem document. */
  handle(request: MountRequest): Promise<MountAnswer>
}
