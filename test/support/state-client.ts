import { increment } from './increment.ts'

/** A process that increments a counter over HTTP: `node state-client.ts URL TOKEN WRITERS TIMES`. */
const [url = '', token = '', writers = '1', times = '1'] = process.argv.slice(2)
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

async function read(): Promise<{ value: number; version: number }> {
  const response = await fetch(url, { headers })
  if (response.status === 404) return { value: 0, version: 0 }
  const version = Number(response.headers.get('etag')?.replaceAll('"', ''))
  return { value: Number(await response.json()), version }
}

async function write(value: number, version: number): Promise<void> {
  const condition: Record<string, string> =
    version === 0 ? { 'if-none-match': '*' } : { 'if-match': `"${version}"` }
  const response = await fetch(url, {
    method: 'PUT',
    headers: { ...headers, ...condition },
    body: JSON.stringify(value),
  })
  if (response.status === 412) {
    throw Object.assign(new Error('somebody else was first'), { code: 'StateConsistencyError' })
  }
  if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`)
}

await Promise.all(
  Array.from({ length: Number(writers) }, async () => {
    for (let count = 0; count < Number(times); count++) await increment({ read, write })
  }),
)
