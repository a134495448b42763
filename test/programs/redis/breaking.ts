/** Puts a real server into a state in which it refuses, and out of it again. */
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerOf, type RedisServer, until } from './process.ts'

export type Mend = () => Promise<unknown>

/** `OOM`: whatever takes memory is refused. */
export async function fillMemory(server: RedisServer): Promise<Mend> {
  await server.cli('CONFIG', 'SET', 'maxmemory', '1')
  return () => server.cli('CONFIG', 'SET', 'maxmemory', '0')
}

/** `MISCONF`: it cannot save, and refuses to be written to. It needs `enable-protected-configs yes`. */
export async function breakDisk(server: RedisServer): Promise<Mend> {
  const gone = mkdtempSync(join(tmpdir(), 'sojourn-gone-'))
  await server.cli('CONFIG', 'SET', 'dir', gone, 'save', '3600 1')
  rmdirSync(gone)
  await server.cli('BGSAVE')
  await until('the server cannot save', async () =>
    String(await answerOf(server, ['INFO', 'persistence'])).includes('bgsave_status:err'),
  )
  return () => server.cli('CONFIG', 'SET', 'dir', server.folder, 'save', '')
}
