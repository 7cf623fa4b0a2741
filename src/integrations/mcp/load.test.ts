import { expect, test } from 'vitest'
import { loadMcpClient } from './load.ts'

test('without the library there is one readable error that says what to install', async () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  await expect(loadMcpClient(() => Promise.reject(missing))).rejects.toMatchObject({
    code: 'UsageError',
    message: 'the package @modelcontextprotocol/sdk 1.32.2 is not installed',
    hint: 'npm install @modelcontextprotocol/sdk@1.32.2',
  })
  const other = new Error('something else')
  await expect(loadMcpClient(() => Promise.reject(other))).rejects.toBe(other)
})
