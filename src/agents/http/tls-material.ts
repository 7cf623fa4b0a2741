import { readFileSync } from 'node:fs'
import type { AgentConfiguration } from '../configuration.ts'
import { moduleError } from '../module-error.ts'
import { messageOf } from '../../core/errors.ts'

/** PEM texts for a TLS connection; none of them: the computer's own trust, no client certificate. */
export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** @throws AgentModuleError naming the file that cannot be read. */
export function readTlsMaterial(
  tls: AgentConfiguration['communicationConfig']['tls'],
): TlsMaterial {
  if (tls === undefined) return {}
  return {
    ...(tls.caPath === undefined ? {} : { ca: readPem('caPath', tls.caPath) }),
    ...(tls.certPath === undefined ? {} : { cert: readPem('certPath', tls.certPath) }),
    ...(tls.keyPath === undefined ? {} : { key: readPem('keyPath', tls.keyPath) }),
  }
}

function readPem(field: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw moduleError(`communicationConfig.tls.${field}: ${messageOf(error)}`, undefined, error)
  }
}
