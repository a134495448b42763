/**
 * Ways to put nginx and HAProxy in front of an application, as their manuals and half of the internet show them. All
 * of them end TLS on one port and take plain HTTP on another, and connect from an address of their own, so that they
 * can be told from the client, who is `CLIENT`.
 */
import type { ProxyOptions } from 'sojourn'
import { developmentCertificate } from '../../programs/certificate.ts'
import { startHaproxy } from '../../programs/haproxy.ts'
import { startNginx } from '../../programs/nginx.ts'
import type { Place, RunningServer } from '../../programs/server-process.ts'

/** Where the tests' own requests come from. */
export const CLIENT = '127.0.0.1'
/** Where the proxy connects from, and in a chain the one in front of it. */
export const PROXY = '127.0.0.2'
export const FRONT_PROXY = '127.0.0.3'

export interface ProxyKind {
  readonly name: string
  readonly headers: NonNullable<ProxyOptions['headers']>
  /**
   * A header to which the proxy adds where it cannot be read any more: a client that writes it spoils what the proxy
   * says of this client, and is refused for it.
   */
  readonly spoiledBy?: string
  readonly start: (app: number) => Promise<RunningProxy>
}

export interface RunningProxy {
  /** The port that speaks TLS. */
  readonly secure: number
  readonly plain: number
  readonly stop: () => Promise<void>
}

const { cert, key } = developmentCertificate()
const files = { 'tls.pem': cert + key }
/** The largest head of a request that comes through. */
export const MOST_HEADER_BYTES = 256 * 1024

/** `lines` say what the application is told of the client. */
export async function nginxProxy(target: string, lines: readonly string[]): Promise<RunningProxy> {
  const config = ({ folder, ports: [secure, plain] }: Place): string => `
    large_client_header_buffers 4 ${MOST_HEADER_BYTES};
    server {
      listen 127.0.0.1:${secure} ssl;
      listen 127.0.0.1:${plain};
      ssl_certificate ${folder}/tls.pem;
      ssl_certificate_key ${folder}/tls.pem;
      location / {
        proxy_pass ${target};
        ${target.includes('unix:') ? '' : `proxy_bind ${PROXY};`}
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Connection "";
        ${lines.map((line) => `proxy_set_header ${line};`).join('\n')}
      }
    }`
  return running(await startNginx({ files, ports: 2, config }))
}

/** `lines` likewise, as actions of `http-request`; `options` are those of the backend. */
async function haproxyProxy(
  app: number,
  { lines, options = [], from = PROXY }: HaproxyLines,
): Promise<RunningProxy> {
  const config = ({ folder, ports: [secure, plain] }: Place): string => `
frontend web
  bind 127.0.0.1:${secure} ssl crt ${folder}/tls.pem
  bind 127.0.0.1:${plain}
  http-request set-var(txn.scheme) str(https) if { ssl_fc }
  http-request set-var(txn.scheme) str(http) if !{ ssl_fc }
  ${lines.map((line) => `http-request ${line}`).join('\n  ')}
  default_backend app
backend app
  ${options.map((line) => `option ${line}`).join('\n  ')}
  server app 127.0.0.1:${app} source ${from}`
  return running(
    await startHaproxy({
      files,
      ports: 2,
      config,
      global: `tune.bufsize ${MOST_HEADER_BYTES}\n  tune.maxrewrite 16384`,
    }),
  )
}

interface HaproxyLines {
  readonly lines: readonly string[]
  readonly options?: readonly string[]
  readonly from?: string
}

function running({ ports: [secure = 0, plain = 0], stop }: RunningServer): RunningProxy {
  return { secure, plain, stop }
}

const here = (app: number): string => `http://127.0.0.1:${app}`

const NGINX_OVERWRITES = [
  'X-Forwarded-For $remote_addr',
  'X-Forwarded-Proto $scheme',
  'X-Forwarded-Host $http_host',
]
const HAPROXY_OVERWRITES = [
  'set-header X-Forwarded-For %[src]',
  'set-header X-Forwarded-Proto %[var(txn.scheme)]',
  'set-header X-Forwarded-Host %[req.hdr(host)]',
]
const HAPROXY_FORWARDED = String.raw`set-header Forwarded "for=%[src];proto=%[var(txn.scheme)];host=\"%[req.hdr(host)]\""`

const SINGLE: readonly ProxyKind[] = [
  {
    name: 'nginx that overwrites X-Forwarded-*',
    headers: 'x-forwarded',
    start: (app) => nginxProxy(here(app), NGINX_OVERWRITES),
  },
  {
    name: 'nginx with $proxy_add_x_forwarded_for',
    headers: 'x-forwarded',
    start: (app) =>
      nginxProxy(here(app), ['X-Forwarded-For $proxy_add_x_forwarded_for', 'X-Forwarded-Proto $scheme']),
  },
  {
    name: 'nginx that overwrites Forwarded',
    headers: 'forwarded',
    start: (app) =>
      nginxProxy(here(app), [`Forwarded 'for="$remote_addr:$remote_port";proto=$scheme;host="$http_host"'`]),
  },
  {
    name: 'nginx that appends to Forwarded',
    headers: 'forwarded',
    spoiledBy: 'Forwarded',
    start: (app) => nginxProxy(here(app), ['Forwarded "$http_forwarded, for=$remote_addr;proto=$scheme"']),
  },
  {
    name: 'HAProxy that overwrites X-Forwarded-*',
    headers: 'x-forwarded',
    start: (app) => haproxyProxy(app, { lines: HAPROXY_OVERWRITES }),
  },
  {
    name: 'HAProxy with option forwardfor',
    headers: 'x-forwarded',
    start: (app) =>
      haproxyProxy(app, {
        lines: ['set-header X-Forwarded-Proto %[var(txn.scheme)]'],
        options: ['forwardfor'],
      }),
  },
  {
    name: 'HAProxy that appends X-Forwarded-For and -Proto',
    headers: 'x-forwarded',
    spoiledBy: 'X-Forwarded-Proto',
    start: (app) =>
      haproxyProxy(app, {
        lines: ['add-header X-Forwarded-Proto %[var(txn.scheme)]'],
        options: ['forwardfor'],
      }),
  },
  {
    name: 'HAProxy that overwrites Forwarded',
    headers: 'forwarded',
    start: (app) => haproxyProxy(app, { lines: [HAPROXY_FORWARDED] }),
  },
]

/** TLS ends at HAProxy; nginx behind it appends. */
const CHAIN: ProxyKind = {
  name: 'HAProxy in front of nginx',
  headers: 'x-forwarded',
  async start(app) {
    const inner = await nginxProxy(here(app), [
      'X-Forwarded-For $proxy_add_x_forwarded_for',
      'X-Forwarded-Proto $http_x_forwarded_proto',
    ])
    const outer = await haproxyProxy(inner.plain, {
      lines: ['set-header X-Forwarded-Proto %[var(txn.scheme)]'],
      options: ['forwardfor'],
      from: FRONT_PROXY,
    }).catch(async (error: unknown) => {
      await inner.stop()
      throw error
    })
    return {
      ...outer,
      async stop() {
        await Promise.all([outer.stop(), inner.stop()])
      },
    }
  },
}

export const PROXIES: readonly ProxyKind[] = [...SINGLE, CHAIN]
