/**
 * A browser: a cookie jar over real connections. Cookies do not know ports, so the processes of an application are
 * one site to it. `send` shows an answer without following its cookies; the scenario decides in which order
 * parallel answers reach the jar.
 */
import { Agent, request } from 'node:http'
import type { AppProcess } from './cluster.ts'

export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly setCookies: readonly string[]
  readonly body: Readonly<Record<string, unknown>>
}

export interface Call {
  readonly method: 'GET' | 'POST'
  /** With its query. */
  readonly path: string
}

const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })

/** A run begins without connections: a server may be about to close one that an earlier run left. */
export function closeConnections(): void {
  agent.destroy()
}

export class Browser {
  readonly #jar: Map<string, string>

  constructor(jar: ReadonlyMap<string, string> = new Map()) {
    this.#jar = new Map(jar)
  }

  /** Another browser with the cookies of now: what a thief, or a request that is late, has. */
  copy(): Browser {
    return new Browser(this.#jar)
  }

  get hasCookies(): boolean {
    return this.#jar.size > 0
  }

  send(target: AppProcess, call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const cookie = [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const outgoing = request(
        {
          agent,
          host: '127.0.0.1',
          port: target.port,
          method: call.method,
          path: call.path,
          headers: {
            'user-agent': 'races',
            ...(call.method === 'POST' ? { 'content-length': 0 } : {}),
            ...(cookie === '' ? {} : { cookie }),
          },
        },
        (incoming) => {
          let text = ''
          incoming.setEncoding('utf8')
          incoming.on('data', (chunk: string) => (text += chunk))
          incoming.on('error', reject)
          incoming.on('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              retryAfter: incoming.headers['retry-after'],
              setCookies: incoming.headers['set-cookie'] ?? [],
              body: parsed(text),
            }),
          )
        },
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
  }

  /** Puts the answer's cookies into the jar. */
  follow(answer: Answer): Answer {
    for (const line of answer.setCookies) {
      const [pair = '', ...attributes] = line.split(';')
      const at = pair.indexOf('=')
      const name = pair.slice(0, at).trim()
      if (attributes.some(isInThePast)) this.#jar.delete(name)
      else this.#jar.set(name, pair.slice(at + 1))
    }
    return answer
  }

  /** `send`, then `follow`. */
  async go(target: AppProcess, call: Call): Promise<Answer> {
    return this.follow(await this.send(target, call))
  }
}

function isInThePast(attribute: string): boolean {
  const [name = '', value = ''] = attribute.trim().split('=')
  return name.toLowerCase() === 'expires'
    ? Date.parse(value) < Date.now()
    : /^max-age=0$/i.test(attribute.trim())
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return { text }
  }
}
