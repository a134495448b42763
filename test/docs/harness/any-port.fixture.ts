/** Loaded into an example before it runs: what it does on port 3000 it does on any free port, and says on which. */
import { type AddressInfo, Server } from 'node:net'

const { listen } = Server.prototype as { readonly listen: (...args: unknown[]) => Server }

Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
  const [where] = args
  const isObject = typeof where === 'object' && where !== null
  const wanted = isObject ? (where as { readonly port?: unknown }).port : where
  if (wanted !== 3000) return listen.apply(this, args)
  this.once('listening', () => process.send?.({ port: (this.address() as AddressInfo).port }))
  return listen.apply(this, [isObject ? { ...where, port: 0 } : 0, ...args.slice(1)])
}
