/** What is kept of the nodes of a cluster, which come and go. The driver's own objects, none of which connects. */
import { Cluster, Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { turn } from '../../../environment/turn.ts'
import { clusterLinks } from './links.ts'

function setUp(): { readonly client: Cluster; readonly another: () => Redis } {
  const client = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true })
  const another = (): Redis => {
    const node = new Redis({ host: '127.0.0.1', port: 2, lazyConnect: true })
    client.emit('+node', node)
    return node
  }
  return { client, another }
}

test('what was begun with a node ends with it, once, and nothing of it is kept', async () => {
  const { client, another } = setUp()
  const nodes: Redis[] = []
  const ended: number[] = []
  const stop = clusterLinks(client).onNode((node) => {
    const number = nodes.push(node)
    return () => void ended.push(number)
  })
  another().disconnect()
  another()
  await turn()
  expect(ended).toEqual([1])
  stop()
  expect(ended).toEqual([1, 2])
})

test('a node that was made anew is found at its address after the former one is gone', () => {
  const { client, another } = setUp()
  const links = clusterLinks(client)
  const [former, anew] = [another(), another()]
  client.emit('-node', former)
  expect(links.nodeAt('127.0.0.1:2') === anew).toBe(true)
  client.emit('-node', anew)
  expect(links.nodeAt('127.0.0.1:2')).toBeUndefined()
})
