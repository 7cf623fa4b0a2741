import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { defineAgent } from 'aura-orchestration'

/** One line of the ledger. The key says which call wrote it. */
interface Entry {
  readonly key: string
  readonly kind: string
  readonly account: string
  readonly amount: number
}

/** The file that stands for somebody else's system, which knows nothing of Aura. */
const file = resolve('.aura', 'ledger.jsonl')

async function find(key: string): Promise<Entry | undefined> {
  let text = ''
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  // A last line without its end was being written when the process died: it does not count.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry)
    .find((entry) => entry.key === key)
}

async function append(entry: Entry): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const handle = await open(file, 'a')
  try {
    await handle.write(`${JSON.stringify(entry)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export default [
  defineAgent({
    type: 'ledger',
    description: 'Writes entries into a ledger, each exactly once',
    capabilities: ['bookkeeping'],
    actions: {
      append: {
        // Booking twice would be wrong, so Aura does not call again before it knows what became of a call.
        effect: 'once',
        input: {
          type: 'object',
          required: ['entry'],
          properties: {
            entry: {
              type: 'object',
              required: ['kind', 'account', 'amount'],
              properties: {
                kind: { enum: ['reserve', 'payment', 'release'] },
                account: { type: 'string' },
                amount: { type: 'number' },
              },
            },
          },
        },
        async run(input: { readonly entry: Omit<Entry, 'key'> }, context) {
          const entry: Entry = { key: context.idempotencyKey, ...input.entry }
          await append(entry)
          // The entry is written and Aura does not know it yet: a good moment for `kill -9`.
          for (let tenths = 1; tenths <= 10; tenths++) {
            context.progress(tenths / 10, 'waiting for the receipt')
            await new Promise((done) => setTimeout(done, 100))
          }
          return entry
        },
        // Asked after a crash: the entry if the call happened, undefined if it never did.
        lookup: (key) => find(key),
      },
    },
  }),
]
