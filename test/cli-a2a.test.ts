import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Task, TaskState } from '@a2a-js/sdk'
import { afterEach, expect, test } from 'vitest'
import { openEngine } from '../src/index.ts'
import { a2aAgent } from '../src/integrations/a2a/index.ts'
import { auraJson, cleanUp, newFolder } from './cli-process.ts'
import {
  atOnce,
  clientOf,
  dataOf,
  messageOf,
  type Served,
  serveFolder,
  taskOf,
} from './support/a2a-served.ts'

afterEach(cleanUp)

const agents = `
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineAgent } from 'aura-orchestration'
export default [
  defineAgent({
    type: 'desk',
    actions: {
      greet: {
        effect: 'once',
        run: (input) => {
          appendFileSync('greeted', input.name + '\\n')
          if (input.name === 'nobody') throw Object.assign(new Error('who?'), { retryable: false })
          return { text: 'Hello, ' + input.name + '!' }
        },
      },
      dawdle: { effect: 'read', run: (_, ctx) => sleep(30_000, 1, { signal: ctx.signal }) },
    },
  }),
]
`
const documents = {
  greet: `
name: greet
version: 1.2.0
description: Greets somebody
input: { type: object, required: [name], properties: { name: { type: string } } }
steps: { greet: { agent: desk, action: greet, with: { name: '\${ input.name }' } } }
output: { text: '\${ steps.greet.output.text }' }
`,
  ask: `
name: ask
version: 1.0.0
steps:
  first: { sleep: 10ms }
  wait: { needs: [first], waitFor: { signal: answer } }
output: { said: '\${ steps.wait.output }' }
`,
  dawdle: `
name: dawdle
version: 1.0.0
steps: { wait: { agent: desk, action: dawdle } }
`,
}

async function serve(folder = newFolder()): Promise<Served> {
  writeFileSync(join(folder, 'agents.ts'), agents)
  for (const [name, text] of Object.entries(documents))
    writeFileSync(join(folder, `${name}.yaml`), text)
  return serveFolder(folder)
}

test('the card says what is served and how to be let in, and nothing else is public', async () => {
  const served = await serve()
  const client = await clientOf(served)
  const card = await client.getAgentCard()
  const workflows = card.skills.filter(({ tags }) => tags[0] === 'workflow')
  expect(workflows.map(({ id }) => id).toSorted()).toEqual(['ask', 'dawdle', 'greet'])
  expect(card.securityRequirements).toEqual([{ schemes: { token: { list: [] } } }])
  expect(card.securitySchemes).toMatchObject({
    token: { scheme: { $case: 'httpAuthSecurityScheme', value: { scheme: 'Bearer' } } },
  })
  const one = await (await clientOf(served, '/a2a/greet')).getAgentCard()
  expect(one).toMatchObject({ name: 'greet', version: '1.2.0', description: 'Greets somebody' })
  for (const path of ['/a2a', '/a2a/greet']) {
    const answer = await fetch(`${served.url}${path}`, { method: 'POST', body: '{}' })
    expect(answer.status).toBe(401)
  }
  const missing = await fetch(`${served.url}/a2a/gret/.well-known/agent-card.json`)
  expect(missing.status).toBe(404)
  expect(await missing.text()).toContain("did you mean 'greet'?")
})

test('a message is an execution, and the same message again is the same task, also after kill -9', async () => {
  const served = await serve()
  const client = await clientOf(served, '/a2a/greet')
  const sent = messageOf('m-1', { name: 'Ada' }, { contextId: 'talk 1' })
  const task = (await client.sendMessage(sent)) as Task
  expect(task).toMatchObject({
    contextId: 'talk 1',
    status: { state: TaskState.TASK_STATE_COMPLETED },
  })
  expect(dataOf(task)).toEqual({ text: 'Hello, Ada!' })
  served.process.kill('SIGKILL')
  await served.process.ended
  const again = await clientOf(await serve(served.folder), '/a2a/greet')
  expect(await again.sendMessage(sent)).toMatchObject({ id: task.id })
  expect(await again.getTask({ tenant: '', id: task.id })).toEqual(task)
  const { tasks } = await again.listTasks({
    tenant: '',
    contextId: 'talk 1',
    status: TaskState.TASK_STATE_UNSPECIFIED,
    pageToken: '',
    statusTimestampAfter: undefined,
  })
  expect(tasks.map(({ id }) => id)).toEqual([task.id])
  expect(readFileSync(join(served.folder, 'greeted'), 'utf8')).toBe('Ada\n')
  expect(await auraJson(served.folder, 'show', task.id)).toMatchObject({
    value: { status: 'completed', workflow: 'greet' },
  })
})

test('a stream tells how a task goes; one that waits for a signal takes it from a message', async () => {
  const client = await clientOf(await serve(), '/a2a/ask')
  const states: number[] = []
  let taskId = ''
  for await (const { payload } of client.sendMessageStream(messageOf('m-1', {}))) {
    if (payload?.$case === 'task') taskId = payload.value.id
    if (payload?.$case === 'task' || payload?.$case === 'statusUpdate')
      states.push(payload.value.status?.state ?? -1)
  }
  expect(states.at(-1)).toBe(TaskState.TASK_STATE_INPUT_REQUIRED)
  const asked = await client.getTask({ tenant: '', id: taskId })
  expect(JSON.stringify(asked.status?.message?.parts)).toContain('answer')
  const answered: unknown[] = []
  const more = messageOf('m-2', { yes: true }, { taskId, contextId: asked.contextId })
  for await (const { payload } of client.sendMessageStream(more)) answered.push(payload)
  expect(answered.at(-1)).toMatchObject({
    value: { status: { state: TaskState.TASK_STATE_COMPLETED } },
  })
  expect(dataOf(await client.getTask({ tenant: '', id: taskId }))).toEqual({ said: { yes: true } })
})

test('a task is cancelled, and told to be at the other streams of it', async () => {
  const served = await serve()
  const client = await clientOf(served, '/a2a/dawdle')
  const { id } = (await client.sendMessage({
    ...messageOf('m-1', {}),
    configuration: atOnce,
  })) as Task
  const seen: unknown[] = []
  const watching = (async () => {
    for await (const { payload } of client.resubscribeTask({ tenant: '', id })) seen.push(payload)
  })()
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const cancelled = await client.cancelTask(taskOf(id))
  expect(cancelled.status?.state).toBe(TaskState.TASK_STATE_CANCELED)
  await watching
  expect(seen.at(-1)).toMatchObject({
    value: { status: { state: TaskState.TASK_STATE_CANCELED } },
  })
  await expect(client.cancelTask(taskOf(id))).rejects.toThrow(/is cancelled/)
})

test('a task under way is known after kill -9, and goes on', async () => {
  const served = await serve()
  const client = await clientOf(served, '/a2a/dawdle')
  const { id } = (await client.sendMessage({
    ...messageOf('m-1', {}),
    configuration: atOnce,
  })) as Task
  served.process.kill('SIGKILL')
  await served.process.ended
  const again = await clientOf(await serve(served.folder), '/a2a/dawdle')
  expect(await again.getTask({ tenant: '', id })).toMatchObject({
    status: { state: TaskState.TASK_STATE_WORKING },
  })
  const cancelled = await again.cancelTask(taskOf(id))
  expect(cancelled.status?.state).toBe(TaskState.TASK_STATE_CANCELED)
})

test('unknown skills, tasks and versions, wrong input and failures are told as such', async () => {
  const served = await serve()
  const all = await clientOf(served)
  const skilled = messageOf('m-1', { name: 'Eve' }, { metadata: { skill: 'greet' } })
  expect(dataOf((await all.sendMessage(skilled)) as Task)).toEqual({ text: 'Hello, Eve!' })
  await expect(all.sendMessage(messageOf('m-2', {}))).rejects.toThrow(/names no skill/)
  const wrong = messageOf('m-3', {}, { metadata: { skill: 'gret' } })
  await expect(all.sendMessage(wrong)).rejects.toThrow(/did you mean 'greet'/)
  const greet = await clientOf(served, '/a2a/greet')
  await expect(greet.sendMessage(messageOf('m-4', { nam: 1 }))).rejects.toThrow(/InputError.*name/)
  await expect(greet.getTask({ tenant: '', id: 'nothing' })).rejects.toThrow(/no task 'nothing'/)
  const failed = (await greet.sendMessage(messageOf('m-5', { name: 'nobody' }))) as Task
  expect(failed.status?.state).toBe(TaskState.TASK_STATE_FAILED)
  expect(JSON.stringify(failed.status?.message?.parts)).toContain('who?')
  const old = await fetch(`${served.url}/a2a`, {
    method: 'POST',
    headers: { authorization: `Bearer ${served.token}`, 'a2a-version': '0.3' },
    body: '{"jsonrpc":"2.0","id":7,"method":"GetTask","params":{"id":"x"}}',
  })
  expect(await old.json()).toMatchObject({
    id: 7,
    error: { code: -32_009, message: expect.stringContaining('1.0') },
  })
})

test('another Aura calls it as an agent, and a call of its own that was lost is found, not made twice', async () => {
  const served = await serve()
  const agent = await a2aAgent({
    type: 'greeter',
    url: `${served.url}/a2a/greet`,
    headers: { authorization: `Bearer ${served.token}` },
    actions: { greet: { effect: 'once' } },
    durableTasks: true,
  })
  const engine = await openEngine({ agents: [agent] })
  expect(await engine.invoke('greeter', 'greet', { name: 'Ada' }, { key: 'k-1' })).toMatchObject({
    text: 'Hello, Ada!',
    data: { text: 'Hello, Ada!' },
    contextId: 'k-1/call/1',
  })
  expect(await agent.lookup('greet', 'k-1/call/1')).toMatchObject({
    kind: 'completed',
    output: { text: 'Hello, Ada!' },
  })
  expect(await agent.lookup('greet', 'k-2/call/1')).toEqual({ kind: 'never' })
  await engine.close()
})
