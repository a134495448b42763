/** What others are compared with: a framework and nothing else; and `node:http` with one header more. */
import { frameworkNamed } from './frameworks.ts'
import type { Target, TargetOptions } from './target.ts'

export async function start({ framework, store }: TargetOptions): Promise<Target> {
  const listener = await (await frameworkNamed(framework)).bare()
  if (store !== 'header') return { requests: [], listener }
  return {
    requests: [],
    listener(request, response) {
      response.setHeader('cache-control', 'no-store')
      listener(request, response)
    },
  }
}
