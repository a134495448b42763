/** Every adapter, the one of `node:http` first. */
import type { Adapter } from './adapter.ts'
import { express } from './express.ts'
import { fastify } from './fastify.ts'
import { hono } from './hono.ts'
import { koa } from './koa.ts'
import { node } from './node.ts'
import { web } from './web.ts'

export type { Adapter, Answer, Handler, ServeOptions, Visit } from './adapter.ts'

export const ADAPTERS: readonly [Adapter, ...Adapter[]] = [node, web, express, fastify, hono, koa]
