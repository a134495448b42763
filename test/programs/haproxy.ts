/** A real HAProxy for the time of a test. */
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Place, type RunningServer, startServer } from './server-process.ts'

export interface HaproxyOptions {
  /** Frontends that bind to `127.0.0.1:${ports[n]}`, and backends. */
  readonly config: (place: Place) => string
  /** How many ports it needs. Default 1. */
  readonly ports?: number
  /** Lines for the section `global`. */
  readonly global?: string
  /** Further files in its directory. */
  readonly files?: Readonly<Record<string, string>>
}

export function startHaproxy(options: HaproxyOptions): Promise<RunningServer> {
  const { config, ports = 1, global = '', files = {} } = options
  return startServer(
    {
      name: 'haproxy',
      args: ({ folder }) => ['-db', '-f', join(folder, 'haproxy.cfg')],
      files: (place) => ({ ...files, 'haproxy.cfg': wholeConfig(place, { global, config: config(place) }) }),
      isUp: async ({ folder }, pid) => (await pidBehind(join(folder, 'admin'))) === pid,
    },
    ports,
  )
}

function wholeConfig({ folder }: Place, parts: { readonly global: string; readonly config: string }): string {
  return `global
  log stderr local0 notice
  stats socket unix@${join(folder, 'admin')} mode 600 level admin
  ssl-default-bind-options ssl-min-ver TLSv1.2
  ${parts.global}
defaults
  mode http
  timeout connect 60s
  timeout client 60s
  timeout server 60s
${parts.config}
`
}

/** Asked over its own socket, which answers when all the others listen. */
async function pidBehind(path: string): Promise<number | undefined> {
  try {
    const socket = connect(path)
    socket.end('show info\n')
    return Number(/^Pid: (\d+)$/m.exec(await text(socket))?.[1])
  } catch {
    return undefined
  }
}
