import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Api } from './api.ts'

/** What a request says, checked by the schemas of its operation. */
export interface Call<Params, Query, Headers, Body> {
  readonly params: Params
  readonly query: Query
  readonly headers: Headers
  /** Undefined where the operation reads the text itself. */
  readonly body: Body
  readonly text: string
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** What is answered: JSON, except for a text with a content type of its own. */
export interface Answer {
  readonly status: number
  /** With a content type: a text. */
  readonly body?: unknown
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What the description of an operation says about one of its answers. */
export interface AnswerNote {
  readonly description: string
  /** Absent: no body. */
  readonly schema?: z.ZodType
  /** Default `application/json`. */
  readonly contentType?: string
  /** Headers that matter, by name. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A request body as an operation reads it. */
export interface BodyNote<Body> {
  readonly schema: z.ZodType<Body>
  /** Default `payloadBytesMax`. */
  readonly bytesMax?: number
  /** False: an absent body is `{}`. Default true. */
  readonly isRequired?: boolean
  /** What it may be besides JSON, for the description; default nothing. */
  readonly contentTypes?: readonly string[]
  /** `value`: any JSON value. `text`: as it is, the operation reads it. Default `object`. */
  readonly reading?: 'object' | 'value' | 'text'
  /** What to do instead, for keys that people try. */
  readonly hints?: Readonly<Record<string, string>>
}

/** One method on one path: what it takes and answers, for the router and for `/openapi.json`. */
export interface OperationSpec<Params, Query, Headers, Body> {
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As OpenAPI writes it: `/v1/executions/{id}`. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  /** True: anybody may ask, without the token. */
  readonly isPublic?: boolean
  readonly params?: z.ZodType<Params>
  readonly query?: z.ZodType<Query>
  readonly headers?: z.ZodType<Headers>
  readonly body?: BodyNote<Body>
  readonly answers: Readonly<Record<number, AnswerNote>>
  /** Statuses of problems beside those that every operation may answer. */
  readonly problems?: readonly number[]
  /** @returns null when it answers by itself */
  handle(api: Api, call: Call<Params, Query, Headers, Body>): Answer | null | Promise<Answer | null>
}

/** An operation of the table, whatever it takes. */
export type Operation = OperationSpec<unknown, unknown, unknown, unknown>

/** Ties the types of a handler to the schemas of its operation. */
export function operation<
  Params = undefined,
  Query = undefined,
  Headers = undefined,
  Body = undefined,
>(spec: OperationSpec<Params, Query, Headers, Body>): Operation {
  return spec
}
