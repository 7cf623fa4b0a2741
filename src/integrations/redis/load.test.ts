import { expect, test } from 'vitest'
import { loadRedis } from './load.ts'

test('a missing package is one error that says what to install', async () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  await expect(loadRedis(() => Promise.reject(missing))).rejects.toMatchObject({
    code: 'UsageError',
    message: 'the package redis 6.3.1 is not installed',
    hint: 'npm install redis@6.3.1',
  })
})

test('another fault while it loads is not hidden', async () => {
  const fault = new SyntaxError('broken')
  await expect(loadRedis(() => Promise.reject(fault))).rejects.toBe(fault)
})
