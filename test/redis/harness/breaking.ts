/** Puts a real server into a state that it does not like, and out of it again. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Mend, RedisServer } from '../../programs/index.ts'

/** `READONLY`: it follows a server that is not there, and keeps its data. */
export async function demote(server: RedisServer): Promise<Mend> {
  await server.cli('REPLICAOF', '127.0.0.1', '1')
  return () => server.cli('REPLICAOF', 'NO', 'ONE')
}

/** `NOPERM`: everybody who is there stays, and may do nothing. */
export async function forbid(server: RedisServer): Promise<Mend> {
  await server.cli('ACL', 'SETUSER', 'default', '-@all')
  return () => server.cli('ACL', 'SETUSER', 'default', '+@all')
}

/** `NOAUTH` or `WRONGPASS`: another password, and everybody has to come again. */
export async function changePassword(server: RedisServer): Promise<Mend> {
  await server.cli('ACL', 'SETUSER', 'default', 'resetpass', '>another')
  await server.cli('CLIENT', 'KILL', 'USER', 'default')
  return () => server.cli('ACL', 'SETUSER', 'default', 'nopass')
}

/** `LOADING`: started again with so much data that it takes a second. It needs `appendonly`. */
export async function reload(server: RedisServer): Promise<Mend> {
  await server.cli('EVAL', "for i = 1, 4096 do redis.call('SET', 'other:' .. i, i) end", '0')
  const restarted = server.restart()
  return () => restarted
}

/**
 * Nobody but the user `app` reaches it from now on: no replica, no Sentinel. To them it is dead, and it knows of
 * nothing.
 */
export async function isolate(server: RedisServer): Promise<Mend> {
  await asOperator(server, ['ACL SETUSER operator off', 'CLIENT KILL USER operator SKIPME yes'])
  return () => asUser(server, 'app app', ['ACL SETUSER operator on'])
}

function asOperator(server: RedisServer, lines: readonly string[]): Promise<void> {
  return asUser(server, 'operator operator', lines)
}

/** On one connection: whoever is signed in stays so. */
async function asUser(server: RedisServer, credentials: string, lines: readonly string[]): Promise<void> {
  const socket = connect(join(server.folder, 'redis.sock'))
  const commands = [`AUTH ${credentials}`, ...lines, 'QUIT', '']
  socket.write(commands.join('\r\n'))
  let said = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
  })
  await once(socket, 'close')
  if (said.includes('-')) throw new Error(said)
}
