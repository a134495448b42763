/** What can be done with a client that the application made, and what to write instead where nothing can. */
import type { ConfigProblem } from '../../../core/errors.ts'

const PATH = 'client'

export function problemsOfClient(client: unknown): ConfigProblem[] {
  if (typeof client !== 'object' || client === null) return [unknownClient]
  if ('nodeByAddress' in client) return [clusterClient]
  if ('getSentinelNode' in client) return [sentinelClient]
  if (!('duplicate' in client && 'socketEpoch' in client)) return [unknownClient]
  const { options } = client as { readonly options?: { readonly keyPrefix?: unknown } }
  return options?.keyPrefix === undefined || options.keyPrefix === '' ? [] : [keyPrefix]
}

const unknownClient: ConfigProblem = {
  path: PATH,
  message: 'Hand in a client that createClient of @redis/client 6 made, or write `url`.',
}

const clusterClient: ConfigProblem = {
  path: PATH,
  message:
    'A client of createCluster waits for a node that is down instead of failing. Write `cluster` with its addresses: the port follows the slots itself.',
}

const sentinelClient: ConfigProblem = {
  path: PATH,
  message:
    'A client of createSentinel sends a command again after a lost connection. Write `sentinels` and `name`: the port follows the primary itself.',
}

const keyPrefix: ConfigProblem = {
  path: PATH,
  message: 'Its keyPrefix would not be applied. Hand in one without it, and name a prefix to the store.',
}
