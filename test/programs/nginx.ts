/** A real nginx for the time of a test. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Place, type RunningServer, startServer } from './server-process.ts'

export interface NginxOptions {
  /** What stands inside `http { … }`: servers that listen on `127.0.0.1:${ports[n]}`. */
  readonly config: (place: Place) => string
  /** How many ports it needs. Default 1. */
  readonly ports?: number
  /** How many of its processes take requests. Default 1. */
  readonly workers?: number
  /** Further files in its directory. */
  readonly files?: Readonly<Record<string, string>>
}

export function startNginx(options: NginxOptions): Promise<RunningServer> {
  const { config, ports = 1, workers = 1, files = {} } = options
  return startServer(
    {
      name: 'nginx',
      args: ({ folder }) => ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'],
      files: (place) => ({ ...files, 'nginx.conf': wholeConfig(config(place), workers) }),
      isUp: async ({ folder }, pid) => pidIn(folder) === pid,
    },
    ports,
  )
}

// Workers of a master that runs as root would be somebody who may not enter the directory.
const USER = process.getuid?.() === 0 ? 'user root;' : ''
const SCRATCH = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

function wholeConfig(http: string, workers: number): string {
  return `daemon off;
${USER}
worker_processes ${workers};
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  ${SCRATCH.map((name) => `${name}_temp_path ${name};`).join(' ')}
  ${http}
}
`
}

/** Written once all its sockets listen. */
function pidIn(folder: string): number | undefined {
  try {
    return Number(readFileSync(join(folder, 'nginx.pid'), 'utf8'))
  } catch {
    return undefined
  }
}
