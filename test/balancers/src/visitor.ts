/**
 * One person with a browser, behind an address of their own: keeps cookies, goes through the balancer only, and judges
 * every answer. Nothing is sent twice.
 */
import { Agent, type RequestOptions, request as send } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Balancer } from './balancers.ts'
import type { Me } from './messages.ts'

export interface Visitor {
  readonly subject: string
  /**
   * Sends the next request of a round of 25: mostly reads, 4 writes, one that asks the store itself who this is, and one
   * that signs in again. Whoever has lost their session signs in with the next.
   */
  readonly turn: () => Promise<Turn>
  /** Asks the store itself who this is. */
  readonly settle: () => Promise<Turn>
  /** @throws Error when it fails */
  readonly signIn: () => Promise<void>
  readonly close: () => void
}

export interface Turn {
  /** No answer, or one that is none: 5xx, or a connection that ended. */
  readonly failed?: string
  /** An answer that cannot be right: somebody else's, signed out, a write that is lost. */
  readonly wrong?: string
  /** The store itself says what is wrong: the session is gone, or without its writes. */
  readonly isLost?: boolean
  /** The answer is right and shows data from before a write of this visitor that was acknowledged. */
  readonly isStale?: boolean
  /** Who answered. */
  readonly process?: string
}

type Method = 'GET' | 'POST'

export interface Place {
  readonly balancer: Balancer
  /** Of 127.0.0.0/8, where its connections come from. */
  readonly from: string
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** What is known of the session. */
interface Known {
  id: string
  /** The number of visits is one of these, both included: a write that failed may have happened. */
  least: number
  most: number
}

const ROUND = 25
const WRITES_EVERY = 5

export function createVisitor(subject: string, place: Place): Visitor {
  const { ask, close } = createBrowser(place)
  let known: Known | undefined
  let turns = 0

  async function signIn(): Promise<Turn> {
    known = undefined
    const answer = await ask('POST', `/sign-in?subject=${subject}`)
    if (answer.status !== 200) return failure(answer)
    const me = JSON.parse(answer.body) as Me
    if (me.subject !== subject || me.id === null) return { wrong: `signed in as ${me.subject}` }
    known = { id: me.id, least: me.visits, most: me.visits }
    return { process: me.process }
  }

  async function visit(session: Known): Promise<Turn> {
    session.most += 1
    const answer = await ask('POST', '/visit')
    if (answer.status === 401) return { wrong: 'a write was answered as signed out' }
    if (answer.status !== 200) return failure(answer)
    session.least += 1
    return { process: (JSON.parse(answer.body) as Me).process }
  }

  async function look(session: Known): Promise<Turn> {
    const answer = await ask('GET', '/me')
    if (answer.status !== 200) return failure(answer)
    const me = JSON.parse(answer.body) as Me
    const wrong = problemWith(me, session, { mayBeOld: true })
    return wrong === undefined
      ? { process: me.process, isStale: me.visits < session.least }
      : { process: me.process, wrong }
  }

  async function settle(session: Known): Promise<Turn> {
    const answer = await ask('GET', '/settled')
    if (answer.status !== 200) return failure(answer)
    const me = JSON.parse(answer.body) as Me
    const wrong = problemWith(me, session, { mayBeOld: false })
    if (wrong === undefined) return { process: me.process }
    known = undefined
    return { process: me.process, wrong, isLost: true }
  }

  function problemWith(
    { subject: found, id, visits }: Me,
    session: Known,
    { mayBeOld }: { readonly mayBeOld: boolean },
  ): string | undefined {
    if (found === null) return 'signed out'
    if (found !== subject) return 'somebody else'
    if (id !== session.id) return 'another session'
    if (visits > session.most) return 'a write that nobody made'
    return visits < session.least && !mayBeOld ? 'a write is lost' : undefined
  }

  return {
    subject,
    close,
    async signIn() {
      const { failed, wrong } = await signIn()
      if (failed !== undefined || wrong !== undefined) throw new Error(failed ?? wrong)
    },
    async turn() {
      const number = turns++ % ROUND
      try {
        if (known === undefined || number === ROUND - 1) return await signIn()
        if (number === ROUND - 2) return await settle(known)
        return number % WRITES_EVERY === WRITES_EVERY - 1 ? await visit(known) : await look(known)
      } catch (error) {
        return { failed: (error as NodeJS.ErrnoException).code ?? String(error) }
      }
    },
    settle: async () => (known === undefined ? await signIn() : await settle(known)),
  }
}

function failure({ status, body }: Answer): Turn {
  return { failed: `${status} ${/"code":"([^"]*)"/.exec(body)?.[1] ?? ''}`.trim() }
}

export interface Browser {
  readonly ask: (method: Method, path: string) => Promise<Answer>
  readonly close: () => void
}

/** Keeps its cookies, those of the balancer too, and one connection. */
export function createBrowser({ balancer, from }: Place): Browser {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: balancer.cert })
  const jar = new Map<string, string>()
  const host = `localhost:${balancer.port}`
  const options: RequestOptions = {
    agent,
    host: '127.0.0.1',
    port: balancer.port,
    servername: 'localhost',
    localAddress: from,
  }

  async function ask(method: Method, path: string): Promise<Answer> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = {
      host,
      ...(cookie === '' ? {} : { cookie }),
      ...(method === 'POST' ? { origin: `https://${host}`, 'content-length': '0' } : {}),
    }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      send({ ...options, method, path, headers }, resolve)
        .on('error', reject)
        .end()
    })
    for (const line of response.headers['set-cookie'] ?? []) keep(line)
    return { status: response.statusCode ?? 0, body: await text(response) }
  }

  function keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
    if (/max-age=0|expires=thu, 01-jan-1970/i.test(line)) jar.delete(name)
    else jar.set(name, value)
  }

  return { ask, close: () => agent.destroy() }
}
