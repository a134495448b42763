/**
 * The handle where each framework's users look for it, when they have said once that it is there. Each line that
 * says so must fail to compile; `adapter-types.test.ts` compiles this file.
 */
import createExpress from 'express'
import createFastify from 'fastify'
import createKoa from 'koa'
import type { HandleOf, Sessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { koaSessions } from 'sojourn/koa'

declare const sessions: Sessions<{ theme: 'dark' | 'light' }, { role: string }>
declare const staff: Sessions<{ desk: number }>
type Handle = HandleOf<typeof sessions>

declare module 'fastify' {
  interface FastifyRequest {
    session: Handle
    staff: HandleOf<typeof staff>
  }
}

declare global {
  namespace Express {
    interface Request {
      session: Handle
    }
  }
}

declare module 'koa' {
  interface DefaultContext {
    session: Handle
  }
}

const app = createExpress()
const express = expressSessions(sessions)
app.use(express)
app.get('/:id', (request, response) => {
  const handle: Handle = express.of(request)
  response.json([request.session.data.theme, request.session === handle])
  // @ts-expect-error no such theme
  request.session.set('theme', 'blue')
})

const fastify = createFastify()
fastify.register(fastifySessions(sessions))
fastify.register(fastifySessions(staff, { property: 'staff' }))
fastify.get<{ Params: { id: string } }>('/:id', async (request) => {
  const desk: number | undefined = request.staff.data.desk
  // @ts-expect-error no such theme
  request.session.set('theme', desk)
  return request.session.data.theme
})

const koa = new createKoa()
koa.use(koaSessions(sessions))
koa.use((context) => {
  context.body = context.session.data.theme
  // @ts-expect-error no such theme
  context.session.set('theme', 'blue')
})
