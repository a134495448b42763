/** Every adapter, the one of `node:http` first. */
import type { Adapter } from './adapter.ts'
import { express } from './express.ts'
import { fastify, fastifyHttp2 } from './fastify.ts'
import { hono } from './hono.ts'
import { koa } from './koa.ts'
import { node } from './node.ts'
import { web } from './web.ts'

export type { Adapter, Answer, Handler, ServeOptions, Visit } from './adapter.ts'

export const ADAPTERS: readonly [Adapter, ...Adapter[]] = [node, web, express, fastify, hono, koa]

/** Those whose servers speak HTTP/2: Express's do not, and the bridge below `web` is one of HTTP/1.1. */
export const HTTP2_ADAPTERS: readonly Adapter[] = [node, fastifyHttp2, hono, koa]
