/**
 * Loaded into an example before it runs: what `context.d.ts` says is there, where running it takes more than types.
 * The test may sign somebody in (a subject) and end a session (its id).
 */
import { randomBytes } from 'node:crypto'
import { createSessions } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { loginAs } from 'sojourn/testing'

const secrets = randomBytes(48).toString('base64')
const store = memoryStore()
const sessions = createSessions({ deployment: 'shop', secrets, store })

Object.assign(globalThis, { secrets, store, sessions })

interface Asked {
  readonly signIn?: string
  readonly end?: string
}

process.on('message', (asked: Asked) => void answer(asked))
process.channel?.unref()

async function answer({ signIn, end }: Asked): Promise<void> {
  if (signIn !== undefined) process.send?.(await loginAs(sessions, signIn))
  if (end !== undefined) process.send?.(await sessions.revoke(end))
}
