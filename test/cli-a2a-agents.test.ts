import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Task, TaskState } from '@a2a-js/sdk'
import { afterEach, expect, test } from 'vitest'
import { openLook } from '../src/engine/index.ts'
import { auraJson, cleanUp, newFolder } from './cli-process.ts'
import {
  atOnce,
  clientOf,
  dataOf,
  messageOf,
  type Served,
  serveFolder,
} from './support/a2a-served.ts'

afterEach(cleanUp)

/** Every call of an action is a line of its file; `hang` lets calls hang. */
const agents = `
import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineAgent, suspend } from 'aura-orchestration'
const run = (name) => async (input, ctx) => {
  appendFileSync(name, ctx.idempotencyKey + '\\n')
  if (existsSync('hang')) await sleep(60_000, 1, { signal: ctx.signal })
  return { text: name + ' ' + (input.title ?? input.text) }
}
export default [
  defineAgent({
    type: 'desk',
    version: '2.1.0',
    description: 'Takes orders',
    actions: {
      order: { effect: 'once', description: 'Orders a book', run: run('order') },
      find: { effect: 'idempotent', run: run('find') },
      ask: {
        effect: 'read',
        run: (_, ctx) => ctx.resumed === null ? suspend({ signal: 'answer' }) : ctx.resumed.data,
      },
    },
  }),
  defineAgent({
    type: 'clerk',
    actions: { stamp: { effect: 'read', run: () => ({ stamped: true }) } },
  }),
]
`

async function serve(folder = newFolder()): Promise<Served> {
  writeFileSync(join(folder, 'agents.ts'), agents)
  return serveFolder(folder)
}

const linesOf = (folder: string, name: string): readonly string[] =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').trim().split('\n') : []

/** Sends a message whose call hangs, and kills the process once the call is under way. */
async function killedInMidCall(action: string): Promise<{ folder: string; taskId: string }> {
  const served = await serve()
  const { folder } = served
  writeFileSync(join(folder, 'hang'), '')
  const client = await clientOf(served, '/a2a/agents/desk')
  const sent = messageOf('m-1', { title: 'Emma' }, { metadata: { skill: action } })
  const { id: taskId } = (await client.sendMessage({ ...sent, configuration: atOnce })) as Task
  await expect.poll(() => linesOf(folder, action), { timeout: 30_000 }).toHaveLength(1)
  served.process.kill('SIGKILL')
  await served.process.ended
  return { folder, taskId }
}

test('each agent has a card whose skills are its actions, and the card of all has them too', async () => {
  const served = await serve()
  const card = await (await clientOf(served, '/a2a/agents/desk')).getAgentCard()
  expect(card).toMatchObject({ name: 'desk', version: '2.1.0', description: 'Takes orders' })
  expect(card.skills.map(({ id, description }) => [id, description])).toEqual([
    ['order', 'Orders a book'],
    ['find', 'The action find'],
    ['ask', 'The action ask'],
  ])
  const all = await (await clientOf(served)).getAgentCard()
  expect(all.skills.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['desk.order', 'desk.find', 'clerk.stamp']),
  )
  const missing = await fetch(`${served.url}/a2a/agents/dsk/.well-known/agent-card.json`)
  expect(missing.status).toBe(404)
  expect(await missing.text()).toContain("did you mean 'desk'?")
  const secret = await fetch(`${served.url}/a2a/agents/desk`, { method: 'POST', body: '{}' })
  expect(secret.status).toBe(401)
})

test('a message calls an action once, with a ledger, also when it is sent again after kill -9', async () => {
  const served = await serve()
  const { folder } = served
  const client = await clientOf(served, '/a2a/agents/desk')
  const sent = messageOf('m-1', { title: 'Emma' }, { metadata: { skill: 'order' } })
  const task = (await client.sendMessage(sent)) as Task
  expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
  expect(dataOf(task)).toEqual({ text: 'order Emma' })
  served.process.kill('SIGKILL')
  await served.process.ended
  const again = await clientOf(await serve(folder), '/a2a/agents/desk')
  expect(await again.sendMessage(sent)).toEqual(task)
  expect(linesOf(folder, 'order')).toEqual([`${task.id}/call/1`])
  const look = openLook(join(folder, '.aura', 'aura.db'))
  expect(look.ledger(task.id)).toMatchObject([
    { idempotencyKey: `${task.id}/call/1`, effect: 'once', outcome: 'completed' },
  ])
  look.close()
})

test('an agent with one action needs no skill; one with more says which there are', async () => {
  const served = await serve()
  const clerk = await clientOf(served, '/a2a/agents/clerk')
  expect(dataOf((await clerk.sendMessage(messageOf('m-1', {}))) as Task)).toEqual({ stamped: true })
  const desk = await clientOf(served, '/a2a/agents/desk')
  await expect(desk.sendMessage(messageOf('m-2', {}))).rejects.toThrow(/no skill.*order.*find/)
  const wrong = messageOf('m-3', {}, { metadata: { skill: 'ordr' } })
  await expect(desk.sendMessage(wrong)).rejects.toThrow(/did you mean 'order'/)
  const all = await clientOf(served)
  const full = messageOf('m-4', { title: 'Ulysses' }, { metadata: { skill: 'desk.find' } })
  expect(dataOf((await all.sendMessage(full)) as Task)).toEqual({ text: 'find Ulysses' })
})

test('killed in mid-call, an idempotent action is called again under the same key', async () => {
  const { folder, taskId } = await killedInMidCall('find')
  rmSync(join(folder, 'hang'))
  const client = await clientOf(await serve(folder), '/a2a/agents/desk')
  await expect
    .poll(async () => (await client.getTask({ tenant: '', id: taskId })).status?.state, {
      timeout: 30_000,
    })
    .toBe(TaskState.TASK_STATE_COMPLETED)
  const key = `${taskId}/call/1`
  expect(linesOf(folder, 'find')).toEqual([key, key])
})

test('killed in mid-call, an action that may happen once is not called again until somebody says what became of it', async () => {
  const { folder, taskId } = await killedInMidCall('order')
  const client = await clientOf(await serve(folder), '/a2a/agents/desk')
  await expect
    .poll(async () => (await auraJson(folder, 'show', taskId)).value, { timeout: 30_000 })
    .toMatchObject({ status: 'waiting', steps: { call: { status: 'uncertain' } } })
  expect((await client.getTask({ tenant: '', id: taskId })).status?.state).toBe(
    TaskState.TASK_STATE_WORKING,
  )
  await auraJson(folder, 'resolve', taskId, 'call', '--succeed', '{"ordered":true}')
  const done = (): Promise<Task> => client.getTask({ tenant: '', id: taskId })
  await expect
    .poll(async () => (await done()).status?.state, { timeout: 30_000 })
    .toBe(TaskState.TASK_STATE_COMPLETED)
  expect(dataOf(await done())).toEqual({ ordered: true })
  expect(linesOf(folder, 'order')).toHaveLength(1)
})

test('a call that waits for a signal requires input, and a message with its task is the signal', async () => {
  const client = await clientOf(await serve(), '/a2a/agents/desk')
  const asked = (await client.sendMessage(
    messageOf('m-1', {}, { metadata: { skill: 'ask' } }),
  )) as Task
  expect(asked.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED)
  const { id: taskId, contextId } = asked
  const answer = messageOf('m-2', { yes: true }, { taskId, contextId })
  const done = (await client.sendMessage(answer)) as Task
  expect(done.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
  expect(dataOf(done)).toEqual({ yes: true })
})
