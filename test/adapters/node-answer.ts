/** Writing a neutral answer to Node's response. */
import type { ServerResponse } from 'node:http'
import type { Answer } from './adapter.ts'
import { drained } from './draining.ts'

export async function sendNode(
  response: ServerResponse,
  { status = 200, headers = [], body = '' }: Answer,
): Promise<void> {
  for (const [name, value] of headers) response.appendHeader(name, value)
  response.statusCode = status
  if (typeof body === 'string') {
    response.end(body)
    return
  }
  for await (const piece of body) {
    if (!response.write(piece)) await drained(response)
    // Nobody would stop an endless body otherwise.
    if (response.destroyed) return
  }
  response.end()
}
