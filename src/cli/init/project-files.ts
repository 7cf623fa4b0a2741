/** What the new project is called and how it finds the package. */
export interface ProjectNames {
  /** A name that npm takes. */
  readonly name: string
  /** How package.json names the package's version: a range, or `file:` and a path. */
  readonly dependency: string
}

/** Every file of a new project, by its path in it. */
export function projectFiles({ name, dependency }: ProjectNames): ReadonlyMap<string, string> {
  const files = new Map([
    ['package.json', packageJson(name, dependency)],
    ['order.yaml', workflow],
    ['agents.ts', agents],
    ['order.test.ts', test],
    ['README.md', readme(name)],
    ['.gitignore', 'node_modules/\n.aura/\n'],
  ])
  // A folder is copied as it would be published; a link to it would share what is installed there.
  if (/^file:.*(?<!\.tgz)$/.test(dependency)) files.set('.npmrc', 'install-links=true\n')
  return files
}

function packageJson(name: string, dependency: string): string {
  const json = {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    scripts: {
      start: 'aura run order.yaml --agents agents.ts --input customer=ann --input amount=25',
      serve: 'aura serve --workflows order.yaml --agents agents.ts',
      validate: 'aura validate order.yaml --agents agents.ts',
      test: 'node --test',
    },
    engines: { node: '>=24' },
    dependencies: { 'aura-orchestration': dependency },
  }
  return `${JSON.stringify(json, null, 2)}\n`
}

const workflow = `# An order: what it costs, a person's word over 100, the payment, a receipt.
#
#   npm start
#   npx aura run order.yaml --agents agents.ts --input customer=bob --input amount=250
#
# The second one waits for a signal, for days if need be: kill the process, and go on with --id ID.
name: order
version: 1.0.0
description: Takes an order, asks a person about large ones, takes the money

input:
  type: object
  required: [customer, amount]
  additionalProperties: false
  properties:
    customer: { type: string, minLength: 1 }
    amount: { type: number, exclusiveMinimum: 0 }

onFailure: compensate # when a step fails for good, what was done is undone: see \`compensate\`

steps:
  quote:
    agent: shop
    action: quote
    with: { amount: '\${ input.amount }' } # a text that is one expression keeps the value's type
    checkpoint: quoted # a label to go back to

  approve:
    needs: [quote]
    when: steps.quote.output.total > 100
    waitFor: { signal: approval, timeout: 3d }

  pay:
    needs: [quote, approve] # a step that was skipped holds nobody up
    agent: shop
    action: pay
    with: { customer: '\${ input.customer }', total: '\${ steps.quote.output.total }' }
    timeout: 10s # of each attempt
    retry: { maxAttempts: 3 }
    compensate: { agent: shop, action: refund }

  receipt:
    needs: [pay]
    agent: shop
    action: receipt
    with: { customer: '\${ input.customer }', payment: '\${ steps.pay.output.payment }' }

output:
  total: '\${ steps.quote.output.total }'
  receipt: '\${ steps.receipt.output.text }'
`

const agents = `import { defineAgent } from 'aura-orchestration'

/** JSON Schemas, or those of a library such as zod, are checked at every call. */
const quoteInput = {
  type: 'object',
  required: ['amount'],
  properties: { amount: { type: 'number' } },
}

export default [
  defineAgent({
    type: 'shop',
    description: 'Quotes, takes money, writes receipts',
    capabilities: ['sales'],
    actions: {
      // read: a crash in between means nothing, it is called again
      quote: {
        effect: 'read',
        input: quoteInput,
        run: ({ amount }: { amount: number }) => ({ total: Math.round(amount * 119) / 100 }),
      },
      // idempotent: called again after a crash, with the same key. Hand the key on to whoever takes the money.
      pay: {
        effect: 'idempotent',
        run: async ({ customer, total }: { customer: string; total: number }, context) => {
          context.logger.info('takes money', { customer, total })
          return { payment: context.idempotencyKey }
        },
      },
      // undoes \`pay\`: it is given the input and the output of the call that it undoes
      refund: {
        effect: 'idempotent',
        run: ({ output }: { output: { payment: string } | null }) => ({
          refunded: output?.payment ?? null,
        }),
      },
      receipt: {
        effect: 'read',
        run: ({ customer, payment }: { customer: string; payment: string }) => ({
          text: \`\${customer} has paid (\${payment})\`,
        }),
      },
    },
  }),
]
`

const test = `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { script, testWorkflow } from 'aura-orchestration/testing'
import agents from './agents.ts'

// The real engine, in memory and in virtual time: three days of waiting cost nothing.
const order = new URL('order.yaml', import.meta.url)

test('a small order is paid without asking', async () => {
  const run = await testWorkflow(order, { agents, input: { customer: 'ann', amount: 25 } })
  assert.deepEqual(run.completed(), { total: 29.75, receipt: 'ann has paid (test/pay/1)' })
})

test('a large order waits for a person, also through a crash', async () => {
  const run = await testWorkflow(order, { agents, input: { customer: 'bob', amount: 250 } })
  assert.equal(run.status, 'waiting')
  await run.crash({ downMs: '1d' })
  await run.signal('approval', { by: 'carla' })
  assert.equal(run.status, 'completed')
})

test('money that was taken is given back when the receipt fails', async () => {
  const run = await testWorkflow(order, {
    agents: {
      shop: {
        quote: script.returns({ total: 10 }),
        pay: script.returns({ payment: 'p-1' }),
        refund: script.returns({ refunded: 'p-1' }),
        receipt: script.throws('no paper'),
      },
    },
    input: { customer: 'ann', amount: 8 },
  })
  assert.equal(run.status, 'failed')
  assert.equal(run.run.steps['pay']?.status, 'compensated')
})
`

function readme(name: string): string {
  return `# ${name}

A workflow that survives \`kill -9\`, an agent, and a test, made by \`aura init\`.

\`\`\`sh
npm install
npm start               # runs order.yaml once
npm test                # the same engine in virtual time
npx aura ls             # what has run
\`\`\`

An order over 100 waits for a person. Start one, and from another terminal:

\`\`\`sh
npx aura run order.yaml --agents agents.ts --input customer=bob --input amount=250 --id big-1
npx aura signal big-1 approval --data '{"by":"carla"}'
\`\`\`

To serve workflows, with an API on http://127.0.0.1:8080: \`npm run serve\`. While it runs, \`npx aura run order.yaml …\` submits to it and watches.

| file            | is                                                                    |
| --------------- | --------------------------------------------------------------------- |
| \`order.yaml\`    | the workflow; \`npm run validate\` checks it, \`npx aura graph order.yaml\` draws it |
| \`agents.ts\`     | the agent that its steps call                                         |
| \`order.test.ts\` | tests of both                                                         |
| \`.aura/\`        | the database, made by the first run                                   |
`
}
