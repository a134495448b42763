/** The web-standard core, behind the smallest bridge from `node:http` that works. */
import { type Adapter } from './adapter.ts'
import { requestBridge } from './bridge.ts'
import { responseOf } from './web-answer.ts'

export const web: Adapter = {
  name: 'web',
  listener: (sessions, handler, { unavailable, onError }) =>
    requestBridge(async (request, facts) => {
      const visit = { method: request.method, url: new URL(request.url) }
      if (unavailable !== 'pass')
        return await sessions.respond(
          request,
          async (session) => responseOf(await handler({ ...visit, session })),
          facts,
        )
      const session = await sessions.get(request, facts)
      const answer = responseOf(await handler({ ...visit, session }))
      const committed = await session.commit(answer.headers)
      return committed.kind === 'committed' ? answer : new Response(committed.problem.body, committed.problem)
    }, onError),
}
