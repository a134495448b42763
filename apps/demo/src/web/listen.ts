/**
 * Listening on this machine only, on both of its loopback addresses: `localhost` may mean either. Whoever holds
 * the port on one of them would get half of the visitors, so that counts as taken.
 */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { StartError } from '../config.ts'

export interface ListenOptions {
  readonly port: number
  /** Speaks HTTPS with it. */
  readonly certificate?: { readonly key: string; readonly cert: string } | undefined
}

export interface Listening {
  readonly port: number
  /** Whether `::1` answers too; some machines have no IPv6. */
  readonly onIpv6: boolean
  /** Stops accepting and waits for the requests in flight, at most `patienceMs`. */
  close(patienceMs: number): Promise<void>
}

/** @throws StartError 69 when the port is taken, 78 when it may not be had */
export async function listenLocally(options: ListenOptions, listener: RequestListener): Promise<Listening> {
  const first = await listen(options, '127.0.0.1', listener)
  const { port: found } = first.address() as AddressInfo
  const second = await listen({ ...options, port: found }, '::1', listener).catch(async (error: unknown) => {
    if (isWithoutIpv6(error)) return undefined
    await closed(first)
    throw error
  })
  const servers = second === undefined ? [first] : [first, second]
  return {
    port: found,
    onIpv6: second !== undefined,
    async close(patienceMs) {
      const impatience = setTimeout(
        () => servers.forEach((server) => server.closeAllConnections()),
        patienceMs,
      )
      await Promise.all(servers.map(closed))
      clearTimeout(impatience)
    },
  }
}

async function listen(
  { port, certificate }: ListenOptions,
  host: string,
  listener: RequestListener,
): Promise<Server> {
  const server = certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener)
  server.listen(port, host)
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    throw explained(error, port) ?? error
  }
}

function explained(error: unknown, port: number): StartError | undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new StartError(
      69,
      `Port ${port} is taken by another program. Stop that one, or set PORT to a free port.`,
    )
  if (code === 'EACCES')
    return new StartError(78, `This user may not listen on port ${port}. Set PORT to one above 1023.`)
  return undefined
}

function isWithoutIpv6(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '')
}

async function closed(server: Server): Promise<void> {
  const gone = once(server, 'close')
  server.close()
  await gone
}
