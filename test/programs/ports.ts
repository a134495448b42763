/** Ports of loopback addresses. */
import { connect, createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { randomInt } from 'node:crypto'

export const LOOPBACK = '127.0.0.1'

/**
 * Below those that the system gives to outgoing connections. Otherwise the port of a server that was killed goes to
 * whoever connects next; a client that tries again and again may even meet itself there.
 */
const LOWEST = 15_000
const HIGHEST = 31_999

/** Different ones, all free a moment ago. Whoever uses them must be ready for one to be taken. `host`: default 127.0.0.1. */
export async function freePorts(count: number, host = LOOPBACK): Promise<readonly number[]> {
  const held: { readonly holder: Server; readonly port: number }[] = []
  while (held.length < count) {
    const port = randomInt(LOWEST, HIGHEST + 1)
    const holder = await listening(port, host)
    if (holder !== undefined) held.push({ holder, port })
  }
  await Promise.all(held.map(({ holder }) => once(holder.close(), 'close')))
  return held.map(({ port }) => port)
}

async function listening(port: number, host: string): Promise<Server | undefined> {
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return undefined
  }
}

export async function acceptsConnections(port: number, host = LOOPBACK): Promise<boolean> {
  const socket = connect({ port, host })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
