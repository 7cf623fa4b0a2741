// The backing service that checkout calls: answers whether an item is in stock, after a little work.
// Run only as a child of record-series.ts; it ends when its parent does.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

const port = Number(process.argv[2])
const server = createServer((request, response) => {
  const digest = createHash('sha256')
    .update(request.url ?? '')
    .digest()
  response.end(JSON.stringify({ inStock: (digest[0] as number) > 10 }))
})
server.listen(port, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : port })
})
process.on('disconnect', () => process.exit(0))
