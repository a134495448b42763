/** Several servers that start and stop together. */
import type { RedisServer } from './process.ts'

/** All of them, or none: those that did start are stopped when another one does not. */
export async function startAll<T extends Pick<RedisServer, 'stop'>>(
  starts: readonly Promise<T>[],
): Promise<T[]> {
  const results = await Promise.allSettled(starts)
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed === undefined) return started
  await stopAll(started)
  throw failed.reason
}

export async function stopAll(servers: readonly Pick<RedisServer, 'stop'>[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()))
}

/** Prepares servers that were started; they are stopped when that fails. */
export async function orStopped<T>(
  servers: readonly Pick<RedisServer, 'stop'>[],
  prepare: () => Promise<T>,
): Promise<T> {
  try {
    return await prepare()
  } catch (error) {
    await stopAll(servers)
    throw error
  }
}
