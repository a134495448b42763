/** Where the sessions of a process live: as it should be, and in two other ways, to see what they cost. */
import type { SessionStore } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { redisStore } from 'sojourn/stores/redis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { tieredStore } from 'sojourn/stores/tiered'
import type { Start, Told, Written } from './messages.ts'

export interface Kept {
  readonly store: SessionStore
  readonly close: () => Promise<void>
}

export function keptIn({ sessions, redisUrl, prefix }: Start): Kept {
  if (sessions === 'redis') return inRedis(redisUrl, prefix)
  const memory = memoryStore()
  return { store: sessions === 'process' ? memory : copying(memory), close: () => memory.close() }
}

function inRedis(url: string, prefix: string): Kept {
  const redis = nodeRedis({ url })
  const store = tieredStore({ hot: redisStore({ redis, prefix }) })
  return {
    store,
    async close() {
      await store.close()
      await redis.close()
    },
  }
}

/**
 * Every process has all sessions, and tells the others what it wrote once it has written it, as session managers do that
 * copy between processes: nobody waits for anybody. What does not fit where it arrives is dropped.
 */
function copying(memory: SessionStore): SessionStore {
  process.on('message', (told: Told) => {
    if (told.kind === 'apply') void applyAll(told.written)
  })

  async function applyAll(written: readonly Written[]): Promise<void> {
    for (const each of written)
      if ('roster' in each) await memory.commit(each.roster, each.change)
      else await memory.documents.put(each.document, each.expected, each.value)
  }

  return {
    traits: { ...memory.traits, name: 'copying', shared: true },
    read: (roster, number) => memory.read(roster, number),
    list: (roster) => memory.list(roster),
    async commit(roster, change) {
      const answer = await memory.commit(roster, change)
      if (answer === 'committed') tell({ roster, change })
      return answer
    },
    documents: {
      get: (name) => memory.documents.get(name),
      async put(document, expected, value) {
        const answer = await memory.documents.put(document, expected, value)
        if (answer === 'committed') tell({ document, expected, value })
        return answer
      },
    },
    ping: () => memory.ping(),
    close: () => memory.close(),
  }
}

function tell(written: Written): void {
  process.send?.({ kind: 'wrote', written })
}
