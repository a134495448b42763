/** A client that keeps its cookie, on connections that stay open. */
import { Agent, type IncomingMessage, request as send } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Answer {
  readonly status: number
  readonly body: string
  readonly retryAfter: string | undefined
  readonly setCookies: readonly string[]
  /** Milliseconds by the monotonic clock. */
  readonly sentAt: number
  readonly tookMs: number
}

export interface Client {
  readonly subject: string
  /** `name=value`; empty before a sign-in. */
  readonly cookie: string
  /** Of its session, once it has looked. */
  readonly id: string
  signIn(): Promise<Answer>
  get(path: string, at?: { readonly port: number }): Promise<Answer>
  post(path: string, at?: { readonly port: number }): Promise<Answer>
}

interface Sent {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly cookie?: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 512 })
const CLEARS = /;\s*max-age=0(?:;|$)/i

/** `at`: where it sends its requests, unless it is told otherwise. */
export function createClient(subject: string, at: { readonly port: number }): Client {
  let cookie = ''
  let id = ''

  async function ask(method: Sent['method'], path: string, { port } = at): Promise<Answer> {
    const answer = await request(port, { method, path, cookie })
    for (const line of answer.setCookies) cookie = clears(line) ? '' : (line.split(';', 1)[0] ?? '')
    return answer
  }

  return {
    subject,
    get cookie() {
      return cookie
    },
    get id() {
      return id
    },
    async signIn() {
      const answer = await ask('POST', `/sign-in?subject=${encodeURIComponent(subject)}`)
      if (answer.status !== 200) return answer
      const me = await ask('GET', '/me')
      if (me.status === 200) ({ id } = JSON.parse(me.body) as { readonly id: string })
      return answer
    },
    get: (path, elsewhere) => ask('GET', path, elsewhere),
    post: (path, elsewhere) => ask('POST', path, elsewhere),
  }
}

export function clears(setCookie: string): boolean {
  return CLEARS.test(setCookie)
}

export async function request(port: number, { method, path, cookie = '' }: Sent): Promise<Answer> {
  const sentAt = performance.now()
  const headers = { host: 'localhost', ...(cookie === '' ? {} : { cookie }) }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    send({ host: '127.0.0.1', port, method, path, headers, agent }, resolve).on('error', reject).end()
  })
  const body = await text(response)
  return {
    status: response.statusCode ?? 0,
    body,
    retryAfter: response.headers['retry-after'],
    setCookies: response.headers['set-cookie'] ?? [],
    sentAt,
    tookMs: performance.now() - sentAt,
  }
}
