import { expect, test } from 'vitest'
import { loadOptional } from './optional-package.ts'

const wanted = { install: ['left@1.0.0', 'right@2.0.0'], purpose: 'the compass' }

test('a package that is not installed is named with its version and the command that installs it', async () => {
  const missing = () =>
    Promise.reject(Object.assign(new Error('Cannot find'), { code: 'ERR_MODULE_NOT_FOUND' }))
  await expect(loadOptional(wanted, missing)).rejects.toMatchObject({
    code: 'RefusedError',
    message: 'the compass needs left@1.0.0 right@2.0.0, not installed here',
    hint: 'npm install left@1.0.0 right@2.0.0',
  })
})

test('any other failure stays what it is', async () => {
  const broken = new Error('out of memory')
  await expect(loadOptional(wanted, () => Promise.reject(broken))).rejects.toBe(broken)
})
