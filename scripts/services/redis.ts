import { mkdirSync, readdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { ask } from './ask.ts'
import { run } from './run.ts'
import type { Service } from './service.ts'

const port = 6379

/** Redis of Debian, unpacked beside the system: no package is installed and no daemon started. */
export const redis: Service = {
  name: 'redis',
  version: '7.0',
  port,
  setting: `REDIS_URL=redis://127.0.0.1:${port}`,
  async install(software) {
    const state = join(software, 'apt')
    for (const folder of ['lists/partial', 'archives/partial'])
      mkdirSync(join(state, folder), { recursive: true })
    const apt = [
      `Dir::State=${state}`,
      'Dir::State::status=/var/lib/dpkg/status',
      `Dir::Cache=${state}`,
      `APT::Sandbox::User=${userInfo().username}`,
      'Debug::NoLocking=1',
    ].flatMap((option) => ['-o', option])
    await run('apt-get', [...apt, '-qq', 'update'])
    const install = ['--yes', '--download-only', '--no-install-recommends', '--reinstall']
    await run('apt-get', [...apt, '-qq', ...install, 'install', 'redis-server', 'redis-tools'])
    for (const file of readdirSync(join(state, 'archives'))) {
      if (!file.endsWith('.deb')) continue
      await run('dpkg-deb', ['--extract', join(state, 'archives', file), software])
    }
  },
  async start({ software, data }) {
    const options = {
      port: `${port}`,
      bind: '127.0.0.1',
      dir: data,
      appendonly: 'yes',
      appendfsync: 'always',
      'maxmemory-policy': 'noeviction',
      save: '',
    }
    return {
      program: join(software, 'usr/bin/redis-server'),
      words: Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
      env: { LD_LIBRARY_PATH: await librariesOf(software) },
    }
  },
  async answers() {
    return (await ask(port, 'PING\r\n')).toString().startsWith('+PONG')
  },
}

/** Debian keeps libraries in a folder named for the processor, e.g. `x86_64-linux-gnu`. */
async function librariesOf(software: string): Promise<string> {
  const lib = join(software, 'usr/lib')
  return readdirSync(lib)
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => join(lib, name))
    .join(':')
}
