import { expect, test } from 'vitest'
import { load } from './load.ts'

test('a missing package is one error that says what to install', async () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  await expect(load('@temporalio/client', () => Promise.reject(missing))).rejects.toMatchObject({
    code: 'UsageError',
    message: 'the package @temporalio/client 1.23.0 is not installed',
    hint: expect.stringContaining('npm install @temporalio/client@1.23.0'),
  })
})

test('another fault while it loads is not hidden', async () => {
  const fault = new SyntaxError('broken')
  await expect(load('@temporalio/client', () => Promise.reject(fault))).rejects.toBe(fault)
})
