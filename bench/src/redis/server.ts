/** The Redis that a run starts on loopback, shared by all that are measured on it, and what it has counted. */
import { type RedisServer, startRedis } from 'sojourn-test-programs'

/** Commands for each of `count` requests. */
export interface Commands {
  readonly commands: number
  readonly scripts: number
}

/** Of the measuring itself. */
const OURS = /^(?:info|config|client|auth|hello|acl)(?:\||$)/
const SCRIPTS = /^(?:eval|evalsha|fcall)/

/** Answers what `work`, which sends `count` requests, made of it. Nothing else may use the server meanwhile. */
export async function commandsDuring(
  server: RedisServer,
  { count, work }: { readonly count: number; readonly work: () => Promise<unknown> },
): Promise<Commands> {
  await server.cli('CONFIG', 'RESETSTAT')
  await work()
  const calls = callsIn(await server.cli('INFO', 'commandstats'))
  const names = calls
    .map(([name, number]) => [name, Math.round((number / count) * 100) / 100] as const)
    .filter(([, number]) => number > 0)
  const sum = (pattern: RegExp): number =>
    names.reduce((total, [name, number]) => (pattern.test(name) ? total + number : total), 0)
  const scripts = sum(SCRIPTS)
  // Redis counts what a script calls as well: each of ours reads once, and only it writes.
  const commands = scripts === 0 ? sum(/^/) : sum(/^hgetall$/) + sum(/^hmget$/)
  return { commands: Math.round(commands * 100) / 100, scripts }
}

export async function usedMemory(server: RedisServer): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await server.cli('INFO', 'memory'))?.[1])
}

export { type RedisServer, startRedis }

function callsIn(stats: string): readonly (readonly [string, number])[] {
  return [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)]
    .map(([, name = '', calls]) => [name, Number(calls)] as const)
    .filter(([name]) => !OURS.test(name))
}
