/** Applications that are written as one framework's users would, and what is asked of their answers. */
import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'
import type { AppHandle } from './adapters.ts'
import { meOf } from './application.ts'
import type { Browser } from './browser.ts'
import { header, type WireResponse } from './wire.ts'
import type { World } from './world.ts'

/** `GET /me` and `POST /login`, for an application to build on. */
export const routes = {
  me: meOf,
  async logIn(session: AppHandle): Promise<string> {
    await session.signIn('alice')
    return 'welcome'
  },
}

export async function alice({ browser }: World): Promise<Browser> {
  const client = browser()
  const { status } = await client.post('/login')
  expect(status).toBe(200)
  return client
}

/**
 * An answer, with a second request behind it on the same connection: whoever writes a byte too many or too few
 * answers the second with it. The second is `undefined` where the connection was ended after the first.
 */
export async function answers(
  client: Browser,
  method: string,
  target: string,
): Promise<readonly [WireResponse, WireResponse | undefined]> {
  const wire = await client.begin(method, target)
  client.send(wire, 'GET', '/me')
  const first = client.take(await wire.response({ toHead: method === 'HEAD' }))
  const second = first.complete ? await wire.response().catch(() => undefined) : undefined
  if (second !== undefined) {
    expect(second).toMatchObject({ status: 200, complete: true })
    expect(JSON.parse(second.body)).toHaveProperty('subject')
    expect(wire.waiting, 'nothing comes after the answers').toBe(0)
  }
  wire.abort()
  return [first, second]
}

/** What a body says, compressed or not. */
export function textOf(response: WireResponse): string {
  const { raw = Buffer.alloc(0) } = response
  return (header(response, 'content-encoding') === 'gzip' ? gunzipSync(raw) : raw).toString()
}
