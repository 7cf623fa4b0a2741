import { trace } from '@opentelemetry/api'
import type { Tracer, TracerProvider } from '@opentelemetry/api'
import { tracerName } from './span-names.ts'

/** Finds the tracer of whatever provider is registered in the process at this moment. */
export class TracerLookup {
  readonly #version: string
  #provider: TracerProvider | null = null
  #tracer: Tracer | null = null

  constructor(version: string) {
    this.#version = version
  }

  /** Null when no provider is registered; allocates nothing then. */
  current(): Tracer | null {
    const registered = trace.getTracerProvider()
    const provider = isProxy(registered) ? registered.getDelegate() : registered
    if (provider !== this.#provider) {
      this.#provider = provider
      this.#tracer = this.#tracerOf(registered)
    }
    return this.#tracer
  }

  // The API always answers with a proxy; only its missing delegate tells that nobody registered a provider.
  #tracerOf(registered: TracerProvider): Tracer | null {
    return isProxy(registered)
      ? (registered.getDelegateTracer(tracerName, this.#version) ?? null)
      : registered.getTracer(tracerName, this.#version)
  }
}

// By shape, because the proxy may belong to another copy of the API in the process.
interface ProviderProxy extends TracerProvider {
  getDelegate(): TracerProvider
  getDelegateTracer(name: string, version: string): Tracer | undefined
}

function isProxy(provider: TracerProvider): provider is ProviderProxy {
  return 'getDelegate' in provider && 'getDelegateTracer' in provider
}
