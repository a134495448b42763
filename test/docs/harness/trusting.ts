/** HTTPS to this machine with one certificate to believe, under a name in public. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Send } from './visitor.ts'

export interface TrustingOptions {
  /** PEM, for `localhost`; no other is believed. */
  readonly ca: string
  /** Sent as `Host`: for `localhost`, cookies are set without encryption as well. */
  readonly host: string
}

/** In place of `fetch`, which takes neither. Follows no redirects. */
export function trusting({ ca, host }: TrustingOptions): Send {
  return async (url, init) => {
    const asked = new Request(url, init)
    const headers = { ...Object.fromEntries(asked.headers), host }
    const sent = request(url, { ca, servername: 'localhost', method: asked.method, headers })
    sent.end(await asked.text())
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    const lines = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    )
    return new Response(await text(answer), { status: answer.statusCode ?? 0, headers: lines })
  }
}
