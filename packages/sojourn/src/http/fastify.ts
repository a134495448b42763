/**
 * Sessions for Fastify. The handle is there from `onRequest` on; the response of a request that changed something
 * waits for the commit, whether it is sent, streamed or hijacked.
 */
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { fastifyPlugin } from 'fastify-plugin'
import type { SessionHandle, Sessions } from '../index.ts'
import { type AttachOptions, attachSessions, type HeaderHolder, type NodeRequest } from './node.ts'

/** What is used of Fastify's request. */
export interface FastifyRequestLike {
  readonly raw: NodeRequest
}

export interface FastifySessions<Data, Attributes extends object> extends FastifyPluginCallback {
  /** The handle of a request that passed through, typed. @throws InputError `NOT_ATTACHED` */
  of(request: FastifyRequestLike): SessionHandle<Data, Attributes>
}

/**
 * `app.register(fastifySessions(sessions))`: puts the handle at `request.session`; answers a write from another site
 * (403) and what nobody can check (503). @throws ConfigError
 */
export function fastifySessions<Data, Attributes extends object>(
  sessions: Sessions<Data, Attributes>,
  options: AttachOptions<FastifyRequest['raw'], FastifyReply['raw'], FastifyRequest> = {},
): FastifySessions<Data, Attributes> {
  const { attach, of, property } = attachSessions(sessions, options)

  const plugin: FastifyPluginCallback = (app, _options, done) => {
    app.decorateRequest(property, null)
    app.addHook('onRequest', (request, reply, next) => {
      const goOn = (session: unknown): void => {
        if (session === undefined) reply.hijack()
        else next()
      }
      const attached = attach(request.raw, reply.raw, request, new ReplyHeaders(reply))
      if (attached instanceof Promise) attached.then(goOn, next)
      else goOn(attached)
    })
    app.addHook('onError', (request, _reply, _error, next) => {
      const holder = request as unknown as Readonly<Record<string, SessionHandle<Data, Attributes> | null>>
      holder[property]?.discard()
      next()
    })
    done()
  }

  return Object.assign(fastifyPlugin(plugin, { name: `sojourn-${property}`, fastify: '5.x' }), { of })
}

/** Fastify writes a response at once that has no headers but the reply's; a hijacked reply writes none of those. */
class ReplyHeaders implements HeaderHolder {
  readonly #reply: FastifyReply

  constructor(reply: FastifyReply) {
    this.#reply = reply
  }

  getHeader(name: string): ReturnType<FastifyReply['getHeader']> {
    return this.#reply.getHeader(name)
  }

  setHeader(name: string, value: string): void {
    const reply = this.#reply
    const { raw } = reply
    if (reply.sent) raw.setHeader(name, value)
    else reply.header(name, value)
    const hijack = reply.hijack.bind(reply)
    reply.hijack = () => {
      raw.setHeader(name, value)
      return hijack()
    }
  }
}
