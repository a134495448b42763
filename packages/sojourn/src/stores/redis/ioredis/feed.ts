/**
 * Hears of changed keys on the very connections that reads go through. The driver knows of the server's pushes only
 * those of pub/sub (`DataHandler.returnPush` drops `invalidate`), so the server cannot track what this process read;
 * but with RESP3 a connection that has subscribed goes on taking commands. So a change is told before the reply to
 * any read that was sent after it, and there is no other connection that could be lost unnoticed.
 *
 * In a cluster the channel of a tag is in the tag's slot, so `SSUBSCRIBE` goes to the node that is read from, and
 * again to the next one when the slot moves. The driver's own sharded subscribers are not used: they forget a channel
 * when the first look at a new topology comes too early, and say nothing of gaps.
 */
import type { Redis } from 'ioredis'
import type { Environment, Timer } from '../../../core/environment.ts'
import { pauses } from '../pauses.ts'
import type { KeyInterest } from '../port.ts'
import { driverCommand, ignore } from './command.ts'
import type { Links } from './links.ts'

export interface Feed {
  /** The answer ends it. */
  readonly subscribe: (interest: KeyInterest) => () => void
  readonly close: () => void
}

export function createFeed(links: Links, environment: Environment): Feed {
  const prefix = links.topology === 'cluster' ? 's' : ''
  const interests = new Map<KeyInterest, ReadonlySet<string>>()
  /** On which connection each channel is heard, or will be. */
  const heardOn = new Map<string, unknown>()
  /** Were refused a moment ago: the node that is believed to have the slot does not. */
  const resting = new Set<string>()
  const pause = pauses(environment)
  const stops: (() => void)[] = []
  let retry: Timer = { cancel: ignore }
  let failures = 0

  /** Subscribes what is not heard where it is published now. Asked for on every occasion; it does nothing twice. */
  function settle(): void {
    let missing = 0
    for (const channel of wanted()) {
      if (resting.has(channel)) continue
      const node = links.primaryOf(channel)
      if (node?.status !== 'ready' || node.condition?.protocol !== 3) continue
      if (heardOn.get(channel) === node.stream) continue
      missing++
      heardOn.set(channel, node.stream)
      send(node, channel, { done, failed: () => forget(channel) })
    }
    function done(): void {
      if (--missing === 0) lost()
    }
  }

  function send(node: Redis, channel: string, { done, failed }: Subscribing): void {
    const outcome = {
      channel,
      resolve: () => {
        failures = 0
        done()
      },
      reject: () => {
        failed()
        done()
      },
    }
    node.sendCommand(driverCommand([`${prefix}subscribe`, channel], outcome))
  }

  function forget(channel: string): void {
    heardOn.delete(channel)
    if (resting.size === 0) {
      retry = environment.after(pause(++failures), () => {
        resting.clear()
        settle()
      })
    }
    resting.add(channel)
  }

  function wanted(): ReadonlySet<string> {
    return new Set([...interests.keys()].flatMap(({ channels }) => channels))
  }

  function lost(): void {
    for (const { onLost } of interests.keys()) onLost()
  }

  function listenTo(node: Redis): () => void {
    const handlers = {
      ready: settle,
      close: lost,
      [`${prefix}message`]: (channel: string, key: string) => {
        for (const [{ onChanged }, channels] of interests) if (channels.has(channel)) onChanged(key)
      },
      // A slot has left this node, and the subscription with it.
      moved: () => {
        for (const [channel, socket] of heardOn) if (socket === node.stream) heardOn.delete(channel)
        lost()
        void links.refresh()
      },
    }
    for (const [event, handler] of Object.entries(handlers)) node.on(event, handler)
    return () => {
      for (const [event, handler] of Object.entries(handlers)) node.off(event, handler)
    }
  }

  function unsubscribe(interest: KeyInterest): void {
    interests.delete(interest)
    const still = wanted()
    for (const channel of interest.channels) {
      const node = links.primaryOf(channel)
      if (still.has(channel) || !heardOn.delete(channel)) continue
      const outcome = { channel, resolve: ignore, reject: ignore }
      node?.sendCommand(driverCommand([`${prefix}unsubscribe`, channel], outcome))
    }
  }

  return {
    subscribe(interest) {
      if (stops.length === 0) stops.push(links.onNode(listenTo), links.onMoved(settle))
      interests.set(interest, new Set(interest.channels))
      settle()
      return () => unsubscribe(interest)
    },
    close() {
      ;[...interests.keys()].forEach(unsubscribe)
      retry.cancel()
      for (const stop of stops) stop()
    },
  }
}

interface Subscribing {
  readonly done: () => void
  readonly failed: () => void
}
