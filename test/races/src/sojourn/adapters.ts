/** Every adapter with the routes of `system.ts` in it. */
import type { RequestListener } from 'node:http'
import { ADAPTERS } from '../../../adapters/index.ts'
import type { AppSessions, Routes } from './routes.ts'

export const ADAPTER_NAMES: readonly string[] = ADAPTERS.map(({ name }) => name)

/** @throws Error for a name that is not in the list */
export async function listenerFor(
  name: string,
  sessions: AppSessions,
  answer: Routes,
): Promise<RequestListener> {
  const adapter = ADAPTERS.find((known) => known.name === name)
  if (adapter === undefined) throw new Error(`There is no adapter "${name}".`)
  const onError = (error: unknown): void => void process.stderr.write(`${String(error)}\n`)
  return await adapter.listener(
    sessions,
    async ({ url, session }) => {
      const { status, body } = await answer({ path: url.pathname + url.search, session })
      return { status, headers: [['content-type', 'application/json']], body: JSON.stringify(body) }
    },
    { onError },
  )
}
