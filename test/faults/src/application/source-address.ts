/** Where the connections of this process come from. Not every driver's options, on every topology, have a word for it. */
import { Socket } from 'node:net'

interface Destination {
  localAddress?: string
  readonly path?: string
}

type Connect = (this: Socket, ...args: unknown[]) => Socket

/** From now on every TCP connection of this process is bound to the address. */
export function connectFrom(localAddress: string): void {
  const prototype = Socket.prototype as unknown as { connect: Connect }
  const { connect } = prototype
  const bound: Connect = function (...args) {
    // `net.connect` hands on its arguments in a list, options first.
    const [first] = args
    const destination = (Array.isArray(first) ? first[0] : first) as Destination | undefined
    if (typeof destination === 'object' && destination.path === undefined)
      destination.localAddress ??= localAddress
    return connect.apply(this, args)
  }
  prototype.connect = bound
}
