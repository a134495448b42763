/**
 * Sessions for Fastify. The handle is there from `onRequest` on; the response of a request that changed something
 * waits for the commit, whether it is sent, streamed or hijacked.
 */
import type { FastifyPluginCallback, FastifyRequest } from 'fastify'
import { fastifyPlugin } from 'fastify-plugin'
import type { SessionHandle, Sessions } from '../index.ts'
import { type AttachOptions, attachSessions } from './node.ts'

export interface FastifySessions<Data, Attributes extends object> extends FastifyPluginCallback {
  /** The handle of a request that passed through, typed. @throws InputError `NOT_ATTACHED` */
  of(request: FastifyRequest): SessionHandle<Data, Attributes>
}

/**
 * `app.register(fastifySessions(sessions))`: puts the handle at `request.session`; answers a write from another site
 * (403) and what nobody can check (503). @throws ConfigError
 */
export function fastifySessions<Data, Attributes extends object>(
  sessions: Sessions<Data, Attributes>,
  options: AttachOptions = {},
): FastifySessions<Data, Attributes> {
  const { attach, of, property } = attachSessions(sessions, options)

  const plugin: FastifyPluginCallback = (app, _options, done) => {
    app.decorateRequest(property, null)
    app.addHook('onRequest', (request, reply, next) => {
      const goOn = (session: unknown): void => {
        if (session === undefined) reply.hijack()
        else next()
      }
      const attached = attach(request.raw, reply.raw, request)
      if (attached instanceof Promise) attached.then(goOn, next)
      else goOn(attached)
    })
    done()
  }

  return Object.assign(fastifyPlugin(plugin, { name: `sojourn-${property}`, fastify: '5.x' }), { of })
}
