/**
 * nginx and HAProxy with the files of `deploy/`. What differs from machine to machine is filled in (ports, certificates);
 * a line that is not there any more is an error.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  developmentCertificate,
  type Place,
  type RunningServer,
  startHaproxy,
  startNginx,
} from 'sojourn-test-programs'
import type { Pace } from './messages.ts'

export type BalancerName = 'nginx' | 'haproxy'
export type Affinity = 'none' | 'cookie' | 'address'

export interface Balancer {
  /** Where it speaks TLS. */
  readonly port: number
  /** Where it speaks plain HTTP. */
  readonly plain: number
  /** PEM, to know it by. */
  readonly cert: string
  readonly stop: () => Promise<void>
}

export interface BalancerOptions {
  readonly affinity: Affinity
  /** Of what the file says. Default `deployed`. */
  readonly pace?: Pace
  /** Where the three processes listen. */
  readonly ports: readonly number[]
  /** For a test: lines for nginx's `location /`. Default none. */
  readonly location?: string
  /** For a test: lines for nginx's `http`. Default none. */
  readonly inHttp?: (folder: string) => string
}

export const BALANCERS: readonly BalancerName[] = ['nginx', 'haproxy']
export const AFFINITIES: readonly Affinity[] = ['none', 'cookie', 'address']

/** In the order of the files: what must be shorter than something else still is. */
const HURRIED = {
  nginx: [
    ['fail_timeout=3s', 'fail_timeout=1s'],
    ['keepalive_timeout 2s', 'keepalive_timeout 500ms'],
  ],
  haproxy: [['inter 500ms', 'inter 150ms']],
} as const

const FILES = { nginx: 'nginx/shop.conf', haproxy: 'haproxy/haproxy.cfg' } as const

export async function startBalancer(name: BalancerName, options: BalancerOptions): Promise<Balancer> {
  const { cert, key } = developmentCertificate()
  const files = { 'tls.pem': cert + key }
  const server: RunningServer =
    name === 'nginx'
      ? await startNginx({ files, ports: 2, workers: 2, config: (place) => nginxConfig(place, options) })
      : await startHaproxy({ files, ports: 2, config: (place) => haproxyConfig(place, options) })
  const [port = 0, plain = 0] = server.ports
  return { port, plain, cert, stop: server.stop }
}

function nginxConfig({ folder, ports: [port, plain] }: Place, options: BalancerOptions): string {
  const { location = '', inHttp = () => '' } = options
  const shop = filled('nginx', options, [
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['listen 80', `listen 127.0.0.1:${plain}`],
    ['/etc/ssl/shop.pem', `${folder}/tls.pem`],
    ['/etc/ssl/shop.key', `${folder}/tls.pem`],
    ['proxy_connect_timeout 2s;', `proxy_connect_timeout 2s; ${location}`],
  ])
  return `${inHttp(folder)}\n${shop}`
}

function haproxyConfig({ folder, ports: [port, plain] }: Place, options: BalancerOptions): string {
  return filled('haproxy', options, [
    ['bind :443', `bind 127.0.0.1:${port}`],
    ['bind :80', `bind 127.0.0.1:${plain}`],
    ['/etc/haproxy/shop.pem', `${folder}/tls.pem`],
  ])
}

function filled(
  name: BalancerName,
  { affinity, ports, pace }: BalancerOptions,
  places: readonly (readonly [text: string, instead: string])[],
): string {
  const path = fileURLToPath(new URL(`../../../deploy/${FILES[name]}`, import.meta.url))
  const text = readFileSync(path, 'utf8').replaceAll(`#${affinity}: `, '')
  const processes = ports.map((port, index) => [`127.0.0.1:300${index + 1}`, `127.0.0.1:${port}`] as const)
  const paces = pace === 'hurried' ? HURRIED[name] : []
  return [...places, ...processes, ...paces].reduce((config, [from, to]) => {
    if (!config.includes(from)) throw new Error(`deploy/${FILES[name]} has no ${from}.`)
    return config.replaceAll(from, to)
  }, text)
}
