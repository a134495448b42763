import createApp from 'fastify'
import { fastifySessions } from 'sojourn/fastify'
import type { Framework } from '../frameworks.ts'
import { answerFor } from '../target.ts'

export const fastify: Framework = {
  async bare() {
    const app = createApp()
    app.get('/', (_request, reply) => reply.send(answerFor('somebody')))
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
  async withSessions(sessions) {
    const app = createApp()
    const attached = fastifySessions(sessions)
    await app.register(attached)
    app.get('/', (request, reply) => reply.send(answerFor(attached.of(request).subject ?? '')))
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
}
