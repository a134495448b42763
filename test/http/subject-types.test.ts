/** V-04: no way to set the user on a session except `signIn`: neither for the compiler nor at run time. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startWorld } from './harness/world.ts'

test('the compiler refuses every other way', { timeout: 60_000 }, () => {
  const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
  const project = fileURLToPath(new URL('./types/tsconfig.json', import.meta.url))
  const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' })
  expect(stdout).toBe('')
  expect(status).toBe(0)
})

test('at run time an assignment throws and changes nothing', async () => {
  const { sessions } = await startWorld()
  const result = await sessions.signIn('alice', { transport: 'bearer' })
  if (result.kind !== 'signed-in') throw new Error(result.reason)
  const { session } = result
  for (const key of ['subject', 'id', 'aal', 'authenticatedAt', 'absoluteDeadline'])
    expect(() => assign(session, key)).toThrow(TypeError)
  expect(session.subject).toBe('alice')
  expect(Object.getPrototypeOf(session.data)).toBeNull()
})

function assign(target: object, key: string): void {
  ;(target as Record<string, unknown>)[key] = 'eve'
}
