/**
 * The connections that reads and writes go through, the same to look at for one server, for the one that Sentinels
 * name, and for a cluster.
 */
import type { Cluster, Command, Redis } from 'ioredis'
import type { Environment } from '../../../core/environment.ts'
import { pauses } from '../pauses.ts'
import { slotOfKey } from '../slots.ts'
import { driverCommand, ignore } from './command.ts'

export interface Links {
  readonly topology: 'single' | 'sentinel' | 'cluster'
  /** Rejected at once where there is no connection. */
  readonly send: (command: Command) => void
  /** `undefined` where there is only one place for all keys. */
  readonly slotOf: (key: string) => number | undefined
  /** What reads of the key go through; it may be lost just now. */
  readonly primaryOf: (key: string) => Redis | undefined
  readonly primaries: () => readonly Redis[]
  readonly nodes: () => readonly Redis[]
  /** By its address, for redirections. */
  readonly nodeAt: (address: string) => Redis | undefined
  /** Begins something with every connection there is and will be. It ends with the connection, and the answer ends all. */
  readonly onNode: (begin: (node: Redis) => () => void) => () => void
  /** Tells that keys may have another place than before. The answer ends it. */
  readonly onMoved: (listener: () => void) => () => void
  /** The address of the primary of each slot. */
  readonly owners: () => readonly (string | undefined)[]
  /** Finds out anew where keys are. */
  readonly refresh: () => Promise<void>
  /** Leaves nothing behind on a client that goes on. */
  readonly leave: () => void
}

export function singleLinks(client: Redis): Links {
  return {
    topology: client.options.sentinels ? 'sentinel' : 'single',
    send: (command) => void client.sendCommand(command),
    slotOf: () => undefined,
    primaryOf: () => client,
    primaries: () => [client],
    nodes: () => [client],
    nodeAt: () => undefined,
    onNode: (begin) => begin(client),
    onMoved: () => ignore,
    owners: () => [],
    refresh: () => Promise.resolve(),
    leave: ignore,
  }
}

export const NOT_CONNECTED = 'There is no connection to the server that has the key.'

export function clusterLinks(client: Cluster): Links {
  const byAddress = new Map<string, Redis>()
  const addressOf = ({ options }: Redis): string => `${options.host}:${options.port}`
  const add = (node: Redis): void => void byAddress.set(addressOf(node), node)
  /** The driver makes another one to the same address before it says that this one is gone. */
  const remove = (node: Redis): void => {
    if (byAddress.get(addressOf(node)) === node) byAddress.delete(addressOf(node))
  }
  client.nodes('all').forEach(add)
  client.on('+node', add).on('-node', remove)

  function nodeAt(address: string): Redis | undefined {
    return byAddress.get(address)
  }

  function ownerOf(slot: number): Redis | undefined {
    const address = client.slots[slot]?.[0]
    return address === undefined ? undefined : nodeAt(address)
  }

  return {
    topology: 'cluster',
    // The driver would ask any other node: that one redirects to the one which is gone, or answers for itself.
    send(command) {
      const slot = command.getSlot()
      if (client.status === 'ready' && ownerOf(slot)?.status !== 'ready')
        command.reject(new Error(NOT_CONNECTED))
      else void client.sendCommand(command)
    },
    slotOf: slotOfKey,
    primaryOf: (key) => ownerOf(slotOfKey(key)),
    primaries: () => client.nodes('master'),
    nodes: () => client.nodes('all'),
    nodeAt,
    onNode(begin) {
      const ends = new Map<Redis, () => void>()
      const listener = (node: Redis): void => {
        ends.set(node, begin(node))
        node.once('end', () => {
          ends.get(node)?.()
          ends.delete(node)
        })
      }
      client.nodes('all').forEach(listener)
      client.on('+node', listener)
      return () => {
        client.off('+node', listener)
        for (const end of ends.values()) end()
      }
    },
    onMoved(listener) {
      client.on('refresh', listener)
      return () => void client.off('refresh', listener)
    },
    owners: () => Array.from(client.slots, (addresses) => addresses?.[0]),
    refresh: () => new Promise((resolve) => client.refreshSlotsCache(() => resolve())),
    leave: () => void client.off('+node', add).off('-node', remove),
  }
}

/**
 * Connects every node of a cluster at once and brings back those that are lost; the driver waits for somebody to need
 * them, and queues what that one sends. The answer ends it.
 */
export function keepConnected(client: Cluster, environment: Environment): () => void {
  const pause = pauses(environment)
  let attempts = 0
  let timer = environment.after(0, ignore)
  const connect = (node: Redis): void => {
    node.options.enableOfflineQueue = false
    // The driver sends this one without looking at its promise, and a process ends with an unhandled rejection.
    node.asking = () => {
      node.sendCommand(driverCommand(['ASKING'], { resolve: ignore, reject: ignore }))
      return Promise.resolve('OK')
    }
    node.once('ready', () => (attempts = 0))
    if (node.status === 'wait') node.connect().catch(ignore)
  }
  const refreshSoon = (): void => {
    timer.cancel()
    timer = environment.after(pause(++attempts), () => client.refreshSlotsCache())
  }
  client.nodes('all').forEach(connect)
  client.on('+node', connect)
  client.on('-node', refreshSoon)
  return () => {
    timer.cancel()
    client.off('+node', connect)
    client.off('-node', refreshSoon)
  }
}

/** Resolves when the connection that it has is gone. */
export function gone({ stream }: Redis): Promise<void> {
  if (stream === undefined || stream.closed) return Promise.resolve()
  return new Promise((resolve) => stream.once('close', () => resolve()))
}
