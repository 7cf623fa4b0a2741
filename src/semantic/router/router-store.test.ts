import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Database } from '../../storage/index.ts'
import type { AgentProfile } from './agent-profile.ts'
import { decodeModel, encodeModel } from './model-codec.ts'
import {
  appendOutcome,
  loadRouter,
  profilesHash,
  readOutcomes,
  saveRouter,
} from './router-store.ts'
import { SemanticRouter } from './semantic-router.ts'

const profiles: readonly AgentProfile[] = [
  { agent: 'pay', examples: [{ text: 'pay the bill' }, { text: 'send money to Ada' }] },
  { agent: 'fly', examples: [{ text: 'book a flight' }, { text: 'cancel the plane' }] },
]
const task = { text: 'pay for the flight' }
let folder: string
let database: Database

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-router-'))
  database = Database.open({ path: join(folder, 'aura.db') })
})

afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

test('a stored router decides as before, and each training is a version', async () => {
  const router = await SemanticRouter.train(profiles)
  const stored = { profilesHash: profilesHash(profiles), trainedAtMs: 7, model: router.model }
  expect(loadRouter(database, 'default')).toBeNull()
  for (const version of [1, 2, 3, 4, 5])
    expect(saveRouter(database, 'default', stored)).toBe(version)
  const loaded = loadRouter(database, 'default')!
  expect(loaded).toMatchObject({ version: 5, trainedAtMs: 7, profilesHash: stored.profilesHash })
  expect(await new SemanticRouter(loaded.model).route(task)).toEqual(await router.route(task))
  expect(loadRouter(database, 'other')).toBeNull()
  expect(database.prepare('SELECT count(*) AS n FROM routers').get()).toEqual({ n: 3 })
})

test('accepted outcomes come back in order, and replaying them gives the same router', async () => {
  const router = await SemanticRouter.train(profiles)
  const outcomes = [
    { text: 'settle the zeppelin', agent: 'pay' },
    { text: 'zeppelin to Oslo', agent: 'fly' },
  ]
  for (const outcome of outcomes) {
    router.learn(outcome)
    appendOutcome(database, 'default', { outcome, atMs: 1 })
  }
  expect(readOutcomes(database, 'default')).toEqual(outcomes)
  expect(readOutcomes(database, 'default', 1)).toEqual(outcomes.slice(1))
  const replayed = await SemanticRouter.train(profiles)
  for (const outcome of readOutcomes(database, 'default')) replayed.learn(outcome)
  expect(await replayed.route(task)).toEqual(await router.route(task))
})

test('a damaged router is refused, not used', async () => {
  const { model } = await SemanticRouter.train(profiles)
  saveRouter(database, 'default', { profilesHash: 'x', trainedAtMs: 1, model })
  database.commit(() => database.prepare("UPDATE routers SET payload = payload || x'00'").run())
  expect(() => loadRouter(database, 'default')).toThrow('does not match its checksum')
})

test('bytes that are no model are refused in words', async () => {
  const { model } = await SemanticRouter.train(profiles)
  const bytes = encodeModel(model)
  expect(encodeModel(decodeModel(bytes))).toEqual(bytes)
  for (const wrong of [new Uint8Array(0), bytes.slice(0, -4), Buffer.from('no model at all')])
    expect(() => decodeModel(wrong)).toThrow('the stored router cannot be read')
})

test('other profiles or another embedder have another hash', () => {
  expect(profilesHash(profiles)).not.toBe(profilesHash(profiles.slice(1)))
  expect(profilesHash(profiles)).not.toBe(profilesHash(profiles, 'use-lite-en-0.2.0'))
})

test('a router refuses an embedder whose vectors it has not learned from', async () => {
  const { model } = await SemanticRouter.train(profiles)
  const linear = { classes: 2, matrix: new Float32Array(2), bias: new Float32Array(2) }
  const learned = { ...model, dense: { embedderId: 'one', model: linear } }
  const embedder = { id: 'two', dimensions: 1, embed: () => Promise.resolve([]) }
  expect(() => new SemanticRouter(learned, { embedder })).toThrow("not of 'two'")
})
