import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { defineAgent } from 'aura-orchestration'

/** The file that stands for a paging service, which knows a page by the key it was sent with. */
const file = resolve('.aura', 'pages.jsonl')

interface Page {
  readonly key: string
  readonly to: string
  readonly text: string
}

async function wasSent(key: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').some((line) => line.includes(`"key":${JSON.stringify(key)}`))
}

async function send(
  page: Page | { readonly key: string; readonly withdraws: string },
): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await appendFile(file, `${JSON.stringify(page)}\n`)
}

export default [
  defineAgent({
    type: 'pager',
    description: 'Pages people, each page once however often it is sent',
    capabilities: ['paging'],
    actions: {
      page: {
        // The service drops a page whose key it has seen, so sending again does no harm.
        effect: 'idempotent',
        input: {
          type: 'object',
          required: ['to', 'text'],
          properties: { to: { type: 'string' }, text: { type: 'string' } },
        },
        async run(input: { readonly to: string; readonly text: string }, context) {
          const key = context.idempotencyKey
          if (!(await wasSent(key))) await send({ key, ...input })
          return { to: input.to, key }
        },
      },
      withdraw: {
        effect: 'idempotent',
        // `output` is null when nobody knows whether the page was sent.
        async run(input: { readonly output: { readonly key: string } | null }, context) {
          const key = context.idempotencyKey
          if (input.output !== null && !(await wasSent(key)))
            await send({ key, withdraws: input.output.key })
          return { withdrawn: input.output?.key ?? null }
        },
      },
    },
  }),
]
