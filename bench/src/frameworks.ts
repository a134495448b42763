/** What applications are written for. Each is measured bare, and with sessions against itself. */
import type { Sessions } from 'sojourn'
import type { Listener } from './target.ts'

/** One application twice, as the framework's users write it. The lines that differ are what is measured. */
export interface Framework {
  bare(): Listener | Promise<Listener>
  withSessions(sessions: BenchSessions): Listener | Promise<Listener>
}

type BenchSessions = Sessions

const LOADERS = {
  'node:http': async () => (await import('./frameworks/node.ts')).node,
  express: async () => (await import('./frameworks/express.ts')).express,
  fastify: async () => (await import('./frameworks/fastify.ts')).fastify,
  hono: async () => (await import('./frameworks/hono.ts')).hono,
  koa: async () => (await import('./frameworks/koa.ts')).koa,
  web: async () => (await import('./frameworks/web.ts')).web,
} satisfies Record<string, () => Promise<Framework>>

export type FrameworkName = keyof typeof LOADERS

/** Only the one that is measured is loaded. */
export async function frameworkNamed(name: FrameworkName): Promise<Framework> {
  return await LOADERS[name]()
}
