/**
 * One Redis, an application that reaches it directly, and others that reach it through a link of their own, which can be
 * cut, delayed and written into.
 */
import {
  type Link,
  type RedisOptions,
  type RedisServer,
  startLink,
  startRedis,
} from '../../../programs/index.ts'
import { type Application, type ApplicationOptions, DRIVERS, type Driver } from '../application.ts'
import type { Lab } from '../case.ts'
import { started } from './applications.ts'

export interface ProxyGround {
  readonly server: RedisServer
  /** Reaches the server directly. */
  readonly beside: Application
  readonly behind: readonly Behind[]
  readonly apps: readonly Application[]
}

export interface Behind {
  readonly app: Application
  readonly driver: Driver
  readonly link: Link
}

export interface Wanted extends Pick<ApplicationOptions, 'near' | 'store' | 'sessions' | 'doctor'> {
  readonly server?: RedisOptions
  /** Of those behind a link. Default: one of each. */
  readonly drivers?: readonly Driver[]
}

export async function startProxyGround(
  lab: Lab,
  { server: options = {}, drivers = DRIVERS, ...shared }: Wanted,
): Promise<ProxyGround> {
  const server = await startRedis(options)
  lab.clean(server.stop)
  const [beside, ...behind] = await Promise.all([
    started(lab, { ...shared, name: 'beside', driver: 'node-redis', redis: { url: server.url } }),
    ...drivers.map(async (driver, index): Promise<Behind> => {
      const link = await startLink(server.port)
      lab.clean(link.stop)
      const url = `redis://127.0.0.1:${link.port}`
      const app = await started(lab, { ...shared, name: `${driver}-${index}`, driver, redis: { url } })
      return { app, driver, link }
    }),
  ])
  return { server, beside, behind, apps: [beside, ...behind.map(({ app }) => app)] }
}

/** The bound of a case: the lease of copies and the fence, as long as they may be; in a short run 1 s. */
export function boundOf({ scale }: Pick<Lab, 'scale'>): { readonly text: '1s' | '5s'; readonly ms: number } {
  return scale === 'short' ? { text: '1s', ms: 1_000 } : { text: '5s', ms: 5_000 }
}
