import { createHash, timingSafeEqual } from 'node:crypto'
import { Refusal } from './refusal.ts'

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i

/** True for an address that only this computer reaches. */
export function isLoopback(host: string): boolean {
  return loopbackHost.test(host)
}

/**
 * Refuses a foreign name, by which only a browser comes that was led here by a page (DNS rebinding).
 *
 * @throws UsageError (403)
 */
export function checkHostHeader(header: string | undefined): void {
  if (header !== undefined && isLoopback(header.replace(/:\d+$/, ''))) return
  throw new Refusal(403, 'UsageError', {
    message: 'this server answers to 127.0.0.1 and localhost only',
    hint: 'bind another address with --host to be reached by other names',
  })
}

/** @throws UsageError (401) */
export function checkToken(header: string | undefined, token: string): void {
  const given = /^Bearer +(.+)$/i.exec(header ?? '')?.[1] ?? ''
  // Hashes have one length, so the comparison tells nothing about the token's.
  if (timingSafeEqual(digest(given), digest(token))) return
  throw new Refusal(401, 'UsageError', {
    message: 'the bearer token is missing or wrong',
    hint: 'send `authorization: Bearer TOKEN` with the token in <db>.owner',
  })
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
