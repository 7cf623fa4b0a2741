import { expect, test } from 'vitest'
import { loadA2aClient } from './load.ts'

test('without the library there is one readable error that says what to install', async () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  await expect(loadA2aClient(() => Promise.reject(missing))).rejects.toMatchObject({
    code: 'UsageError',
    message: 'the package @a2a-js/sdk 1.3.0 is not installed',
    hint: 'npm install @a2a-js/sdk@1.3.0',
  })
  const other = new Error('something else')
  await expect(loadA2aClient(() => Promise.reject(other))).rejects.toBe(other)
})
