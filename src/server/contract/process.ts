import { z } from 'zod'
import { component } from './components.ts'

export const health = component('Health', z.object({ status: z.literal('ok') }))
export const readiness = component('Readiness', z.object({ status: z.literal('ready') }))
export const openApi = component('OpenApi', z.looseObject({ openapi: z.string() }))
