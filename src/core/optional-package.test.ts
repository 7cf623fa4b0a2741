import { expect, test } from 'vitest'
import { loadOptional } from './optional-package.ts'

const missing = Object.assign(new Error('Cannot find'), { code: 'ERR_MODULE_NOT_FOUND' })

test('a package that is not installed is named with its version and the command that installs it', async () => {
  const load = () => Promise.reject(missing)
  await expect(loadOptional(['@compass/left@1.0.0'], load)).rejects.toMatchObject({
    code: 'UsageError',
    message: 'the package @compass/left 1.0.0 is not installed',
    hint: 'npm install @compass/left@1.0.0',
  })
  await expect(loadOptional(['left@1.0.0', 'right@2.0.0'], load)).rejects.toMatchObject({
    message: 'the packages left 1.0.0, right 2.0.0 are not installed',
    hint: 'npm install left@1.0.0 right@2.0.0',
  })
})

test('any other failure stays what it is', async () => {
  const broken = new Error('out of memory')
  await expect(loadOptional(['left@1.0.0'], () => Promise.reject(broken))).rejects.toBe(broken)
})
