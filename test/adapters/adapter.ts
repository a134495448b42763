/** What an adapter needs to be tested, raced and measured: the same neutral handler, served the way its users would. */
import type { RequestListener } from 'node:http'
import type { SessionHandle, Sessions } from 'sojourn'

export interface Visit<Data, Attributes extends object> {
  readonly method: string
  readonly url: URL
  readonly session: SessionHandle<Data, Attributes>
}

export interface Answer {
  readonly status?: number
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Several pieces are written one by one, each when the one before has been taken. */
  readonly body?: string | AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

export type Handler<Data, Attributes extends object> = (
  visit: Visit<Data, Attributes>,
) => Answer | Promise<Answer>

export interface ServeOptions {
  readonly unavailable?: 'respond' | 'pass'
  /** Told of what the handler threw that is no error of the library. */
  readonly onError: (error: unknown) => void
}

export interface Adapter {
  readonly name: string
  listener<Data, Attributes extends object>(
    sessions: Sessions<Data, Attributes>,
    handler: Handler<Data, Attributes>,
    options: ServeOptions,
  ): RequestListener | Promise<RequestListener>
}

/** The options of an adapter, without what was not asked for. */
export function adapterOptions({ unavailable }: ServeOptions): { readonly unavailable?: 'respond' | 'pass' } {
  return unavailable === undefined ? {} : { unavailable }
}

export function targetUrl(target: string | undefined): URL {
  return new URL(target ?? '/', 'http://localhost')
}
