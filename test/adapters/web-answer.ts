/** A neutral answer as a `Response`. */
import type { Answer } from './adapter.ts'

export function responseOf({ status = 200, headers = [], body = '' }: Answer): Response {
  const init = { status, headers: headers.map(([name, value]): [string, string] => [name, value]) }
  if (typeof body === 'string') return new Response(body === '' ? null : body, init)
  return new Response(ReadableStream.from(body), init)
}
