/** Whether a request is a write, or a live connection, that another site's page asked for. */
import { clientOf } from '../guard/client-address.ts'
import {
  type CrossOriginReason,
  crossOriginReason,
  type CsrfSettings,
  isSafeMethod,
} from '../guard/cross-origin.ts'
import type { ProxySettings } from '../guard/proxy-options.ts'
import type { Exchange } from './exchange.ts'

/** **Cost** of a read: two headers are looked for. */
export function crossingOf(
  exchange: Exchange,
  csrf: CsrfSettings,
  proxies: ProxySettings | undefined,
): CrossOriginReason | undefined {
  const { method } = exchange
  const live = isLive(exchange)
  if (isSafeMethod(method) && !live) return undefined
  const { connection, host } = clientOf(exchange, proxies)
  return crossOriginReason(
    {
      method,
      live,
      site: exchange.header('sec-fetch-site'),
      origin: exchange.header('origin'),
      scheme: connection === 'https' ? 'https' : undefined,
      host,
      path: exchange.url,
    },
    csrf,
  )
}

/** A websocket handshake or an event stream: a GET whose answer goes on. */
function isLive(exchange: Exchange): boolean {
  if (exchange.live === true) return true
  // An adapter that somebody wrote in JavaScript may hand over anything.
  const accept: unknown = exchange.header('accept')
  if (typeof accept === 'string' && accept.toLowerCase().includes('text/event-stream')) return true
  const upgrade: unknown = exchange.header('upgrade')
  return typeof upgrade === 'string' && upgrade.toLowerCase().includes('websocket')
}
