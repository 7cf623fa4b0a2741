// What `a2a-server.ts` uses of Express, for which no types are installed.
declare module 'express' {
  import type { RequestListener, Server } from 'node:http'
  interface Application extends RequestListener {
    use(path: string, handler: unknown): void
    listen(port: number, host: string, listening: () => void): Server
  }
  export default function express(): Application
}
