/** Cookies of users who signed in over HTTP (`/sign-in/<user>`): a peer's store is filled by the peer itself. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SESSIONS, USED, userNames } from '../content.ts'
import { getRequest, type Listener } from '../target.ts'

const AT_ONCE = 16

/** Requests of every tenth of them. */
export async function signedInRequests(
  listener: Listener,
  { counting }: { readonly counting: boolean },
): Promise<readonly string[]> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const users = userNames(counting ? SESSIONS / USED : SESSIONS)
  const cookies: string[] = []
  for (let from = 0; from < users.length; from += AT_ONCE) {
    const batch = users.slice(from, from + AT_ONCE)
    cookies.push(...(await Promise.all(batch.map((user) => cookieOf(port, user)))))
  }
  server.closeAllConnections()
  server.close()
  return cookies.filter((_, index) => index % USED === 0).map((cookie) => getRequest('/', cookie))
}

async function cookieOf(port: number, user: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/sign-in/${user}`)
  await response.arrayBuffer()
  const [cookie] = response.headers.getSetCookie()
  if (cookie === undefined) throw new Error(`The sign-in was answered with ${response.status}.`)
  return cookie.slice(0, cookie.indexOf(';'))
}
