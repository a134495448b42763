/** What a rule for Redis ports is, and what it is given to prove itself with: real servers and a link to cut. */
import type { Environment } from '../../core/environment.ts'
import type { PortTraits, RedisPort } from '../../stores/redis/port.ts'

/** Where a port connects to. Names as in the options of the library's own ports. */
export type PortTarget = PortCredentials &
  (
    | { readonly url: string; readonly tls?: { readonly ca: string } }
    | { readonly sentinels: readonly PortAddress[]; readonly name: string }
    | { readonly cluster: readonly string[] }
  )

interface PortCredentials {
  readonly username?: string
  readonly password?: string
}

interface PortAddress {
  readonly host: string
  readonly port: number
}

/** A Redis that a rule may kill. */
export interface PortServer {
  readonly port: number
  readonly url: string
  readonly tls?: { readonly cert: string }
  /** What `redis-cli` prints; rejects with the server's text. By a user of its own who may do everything. */
  readonly cli: (...args: readonly (string | Buffer)[]) => Promise<string>
  /** SIGSTOP: it takes connections and answers nothing. */
  readonly pause: () => void
  readonly resume: () => void
  /** SIGKILL. */
  readonly kill: () => Promise<void>
  /** The same port; what an append-only server had answered is there. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** A TCP connection to a server, between it and the port. */
export interface PortLink {
  readonly port: number
  /** How many connections were made or tried through it. */
  readonly attempts: () => number
  /** Cuts a connection in the middle of the text, once; resolves when it is cut. */
  readonly cutAt: (way: 'request' | 'answer', text: string) => Promise<void>
  /** The connections that are there stay open and say nothing more; new ones are well. */
  readonly swallow: () => void
  readonly drop: () => void
  /** Passes on what `change` makes of each chunk that arrives that way. */
  readonly edit: (way: 'request' | 'answer', change: (bytes: Buffer) => Buffer) => void
  /** Closes all connections and each new one at once, until `accept`. */
  readonly refuse: () => void
  readonly accept: () => void
  readonly stop: () => Promise<void>
}

export interface PortSentinels {
  readonly name: string
  readonly sentinels: readonly (PortServer & PortAddress)[]
  readonly primary: PortServer
  readonly replicas: readonly PortServer[]
  readonly currentPrimary: () => Promise<PortServer>
  readonly stop: () => Promise<void>
}

export interface PortCluster {
  readonly nodes: readonly PortServer[]
  readonly urls: readonly string[]
  readonly slotOf: (key: string) => Promise<number>
  readonly primaryOf: (slot: number) => Promise<PortServer>
  // As methods, so that a cluster may want one of its own servers.
  migrate(slot: number, to: PortServer): Promise<void>
  beginMigration(slot: number, to: PortServer): Promise<PortMigration>
  readonly whole: () => Promise<void>
  readonly stop: () => Promise<void>
}

export interface PortMigration {
  readonly moveKeys: (...keys: readonly string[]) => Promise<void>
  readonly finish: () => Promise<void>
}

/** Starts servers on this machine. The kit stops what it started. */
export interface PortServers {
  readonly startRedis: (options: {
    readonly appendonly?: boolean
    readonly tls?: boolean
    readonly users?: readonly string[]
    readonly replicaOf?: { readonly port: number }
  }) => Promise<PortServer>
  readonly startSentinel: (options: { readonly appendonly?: boolean }) => Promise<PortSentinels>
  readonly startCluster: (options: {
    readonly appendonly?: boolean
    readonly replicas?: 0 | 1
  }) => Promise<PortCluster>
  /** To a port of this machine. */
  readonly startLink: (target: number) => Promise<PortLink>
}

/** A client of the driver's own that was handed to a port. */
export interface HandedIn {
  readonly port: RedisPort
  /** Asks the client itself, past the port; rejects when it is closed. */
  readonly ask: () => Promise<unknown>
  readonly close: () => Promise<void> | void
}

export interface PortRule {
  /** `PORT-07`. Never reused and never renumbered. */
  readonly id: string
  /** One sentence that a port keeps. */
  readonly rule: string
  /** What goes wrong where it is not kept. */
  readonly because?: string
  /** Default: all of them. */
  readonly topologies?: readonly PortTraits['topology'][]
  /** The rule is run only where the kit options offer this. */
  readonly needs?: 'handIn'
  /** Rejects when the port does not keep the rule. */
  readonly prove: (world: PortWorld) => Promise<void>
}

/** What a rule gets: servers that earlier rules used too and left well, and names that nobody used. */
export interface PortWorld {
  readonly topology: PortTraits['topology']
  /** Of the topology, and shared by the rules. */
  readonly group: PortGroup
  /** Starts what only this rule needs; it is stopped after it. */
  readonly servers: PortServers
  /** A key that nobody has used; in the slot of another one, where that is given. */
  readonly key: (sibling?: string) => string
  /** Closed after the rule. Default: to the shared servers, with the environment of the rule. */
  readonly open: (target?: PortTarget, environment?: Environment) => Promise<RedisPort>
  readonly handIn: (target: PortTarget) => Promise<HandedIn>
  /** Done after the rule, also when it failed; the last one first. */
  readonly afterwards: (cleanUp: () => Promise<unknown> | void) => void
}

export interface PortGroup {
  readonly target: PortTarget
  /** All servers that hold data, whatever their role. */
  readonly nodes: readonly PortServer[]
  /** None but with Sentinels. */
  readonly sentinels: readonly PortServer[]
  /** How many replicas each primary has. */
  readonly replicas: number
  /** Only of a cluster. */
  readonly cluster?: PortCluster
  /** The server that takes writes to the key now. */
  readonly primaryOf: (key: string) => Promise<PortServer>
  /** Has a replica take the place of the primary that has the key, which stays and becomes a replica. Not of a single server. */
  readonly replace: (key: string) => Promise<void>
  readonly stop: () => Promise<void>
}
