/** The servers that others are compared with: `node:http` and nothing else; and the same with one header more. */
import { bodyFor, type Target, type TargetOptions } from './target.ts'

export async function start({ store }: TargetOptions): Promise<Target> {
  const withHeader = store === 'header'
  return {
    requests: [],
    listener(_request, response) {
      if (withHeader) response.setHeader('cache-control', 'no-store')
      response.setHeader('content-type', 'application/json')
      response.end(bodyFor('somebody'))
    },
  }
}
