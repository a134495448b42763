/** Rules about connections whose answers cannot be believed. */
import assert from 'node:assert/strict'
import { eventually, get, isAnswered, openLinked, set, settled, textOf } from './acts.ts'
import type { PortRule } from './rule.ts'

const SURPLUS = Buffer.from(':4711\r\n')

export const answerRules: readonly PortRule[] = [
  {
    id: 'PORT-52',
    rule: 'An answer that nobody waits for ends the connection.',
    because: 'one answer too many on a connection, and each call gets the answer to the one before',
    topologies: ['single'],
    prove: async (world) => {
      const name = world.key()
      const { port, link } = await openLinked(world, await world.group.primaryOf(name))
      await set(port, name, 'right')
      const before = link.attempts()
      let surplus: Buffer | undefined = SURPLUS
      link.edit('answer', (bytes) => {
        const passed = surplus === undefined ? bytes : Buffer.concat([bytes, surplus])
        surplus = undefined
        return passed
      })
      await settled('a call', get(port, name))
      await eventually('it connects anew', () => link.attempts() > before)
      await isAnswered(port, name)
      assert.equal(textOf(await get(port, name)), 'right')
    },
  },
  {
    id: 'PORT-53',
    rule: '`giveUp`, where there is one, ends the connection that a key is read through; calls go on over another.',
    topologies: ['single', 'sentinel', 'cluster'],
    prove: async ({ group, open, key }) => {
      const name = key()
      const port = await open(group.target)
      await isAnswered(port, name)
      if (port.giveUp === undefined) return
      const own = await connectionOf(port, name)
      const underWay = settled('a call under way', get(port, name))
      port.giveUp(name)
      await underWay
      await eventually(
        'calls go over another connection',
        async () => (await connectionOf(port, name)) !== own,
      )
    },
  },
]

async function connectionOf(port: Parameters<typeof get>[0], key: string): Promise<string> {
  return String(await port.command(['CLIENT', 'ID'], { key, readonly: true }))
}
