/** A server with websockets that say when their session has ended, and clients for it. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type UpgradeOptions, upgradeSession } from 'sojourn/node'
import { onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { AppHandle } from './adapters.ts'
import type { Browser } from './browser.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

/** The close code of a socket whose session has ended. */
export const ENDED = 4401

export interface LiveWorld extends World {
  /** Sockets of handshakes, whatever became of them. */
  readonly sockets: readonly Duplex[]
  /** Handles of those that were let in. */
  readonly handles: readonly AppHandle[]
  readonly connect: (client: Browser, headers?: Readonly<Record<string, string>>) => Connection
}

interface Connection {
  /** Its first message, which is the subject; or the status that it was refused with. */
  readonly opened: Promise<string>
  /** Why it was closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly isOpen: boolean
}

export interface LiveOptions extends WorldOptions {
  readonly upgrade?: UpgradeOptions
  /** What the application does with a session besides. */
  readonly onOpen?: (session: AppHandle) => void
}

export async function startLive({ upgrade, onOpen, ...options }: LiveOptions = {}): Promise<LiveWorld> {
  const world = await startWorld(options)
  const server = new WebSocketServer({ noServer: true })
  const sockets: Duplex[] = []
  const handles: AppHandle[] = []

  async function accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    sockets.push(socket)
    const session = await upgradeSession(world.sessions, request, socket, upgrade)
    if (session === undefined) return
    handles.push(session)
    server.handleUpgrade(request, socket, head, (connection) => {
      connection.on('error', () => {})
      if (session.session !== undefined) session.onEnd((reason) => connection.close(ENDED, reason))
      onOpen?.(session)
      connection.send(session.subject ?? 'nobody')
    })
  }

  world.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void accept(request, socket, head)
  })
  return { ...world, sockets, handles, connect: (client, headers) => connectTo(world, client, headers) }
}

function connectTo(
  { port }: World,
  { jar }: Browser,
  headers: Readonly<Record<string, string>> = {},
): Connection {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { cookie, ...headers } })
  onTestFinished(() => socket.terminate())
  socket.on('error', () => {})
  return {
    opened: new Promise((resolve) => {
      socket.once('message', (data: Buffer) => resolve(data.toString()))
      socket.once('unexpected-response', (_, { statusCode }) => resolve(String(statusCode)))
    }),
    closed: new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    }),
    get isOpen() {
      return socket.readyState === WebSocket.OPEN
    },
  }
}
