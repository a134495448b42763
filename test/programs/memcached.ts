/** A real Memcached for the time of a test, on 127.0.0.1 or a socket of its own. `restart` finds it empty. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type DevelopmentCertificate, developmentCertificate } from './certificate.ts'
import { type Place, type RunningServer, startServer } from './server-process.ts'

export interface MemcachedOptions {
  /** Further arguments: `['-m', '1']`. */
  readonly args?: readonly string[]
  /** Speaks TLS only, with a certificate of its own for 127.0.0.1. Default false. */
  readonly tls?: boolean
  /** On a Unix socket, and on no port. Default false. */
  readonly socket?: boolean
}

export interface MemcachedServer extends RunningServer {
  /** 0 on a socket. */
  readonly port: number
  /** As the store takes it: `127.0.0.1:…`, or `unix:/…`. */
  readonly address: string
  /** Absent where it does not speak TLS. */
  readonly tls?: DevelopmentCertificate
  /**
   * One command on a connection of its own, without TLS: all that is answered, up to the line `END` or the only one. One
   * character for each byte, both ways.
   */
  readonly ask: (command: string) => Promise<string>
}

const SOCKET = 'memcached.sock'
const ANSWERED =
  /(?:^|\r\n)(?:END|OK|RESET|HD(?: .*)?|NF|NS|EX|EN|VERSION .*|ERROR|(?:CLIENT|SERVER)_ERROR .*)\r\n$/
const SILENCE_MS = 1_000

export async function startMemcached(options: MemcachedOptions = {}): Promise<MemcachedServer> {
  const { socket = false } = options
  const tls = options.tls === true ? developmentCertificate() : undefined
  const server = await startServer(
    {
      name: 'memcached',
      args: (place) => [
        ...where(place, socket),
        ...(tls === undefined ? [] : secured(place)),
        ...(options.args ?? []),
      ],
      files: () => (tls === undefined ? {} : { 'tls.pem': tls.cert + tls.key }),
      // With TLS nobody is asked: the port being open has to do.
      isUp: async (place, pid) => tls !== undefined || (await isAnsweredBy(place, pid, socket)),
      deathSignal: 'KILL',
    },
    socket ? 0 : 1,
  )
  const [port = 0] = server.ports
  return {
    ...server,
    get pid() {
      return server.pid
    },
    port,
    address: socket ? `unix:${join(server.folder, SOCKET)}` : `127.0.0.1:${port}`,
    ...(tls === undefined ? {} : { tls }),
    ask: (command) => ask(server, command),
  }
}

/** `-u` keeps it from becoming somebody else, who may not enter the directory. */
function where({ folder, ports: [port] }: Place, socket: boolean): readonly string[] {
  const own = ['-U', '0', '-u', userInfo().username]
  return socket
    ? ['-s', join(folder, SOCKET), '-a', '700', ...own]
    : ['-l', '127.0.0.1', '-p', String(port), ...own]
}

function secured({ folder }: Place): readonly string[] {
  const pem = join(folder, 'tls.pem')
  return ['-Z', '-o', `ssl_chain_cert=${pem},ssl_key=${pem}`]
}

async function isAnsweredBy(place: Place, pid: number, socket: boolean): Promise<boolean> {
  const stats = await ask(socket ? { ...place, ports: [] } : place, 'stats').catch(() => '')
  return stats.includes(`STAT pid ${pid}\r\n`)
}

async function ask({ folder, ports: [port] }: Place, command: string): Promise<string> {
  const socket = connect(port === undefined ? { path: join(folder, SOCKET) } : { host: '127.0.0.1', port })
  socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('Memcached does not answer.')))
  try {
    await once(socket, 'connect')
    socket.write(`${command}\r\n`, 'latin1')
    let text = ''
    for await (const chunk of socket.setEncoding('latin1')) {
      text += chunk
      if (ANSWERED.test(text)) return text
    }
    throw new Error('Memcached hung up.')
  } finally {
    socket.destroy()
  }
}
