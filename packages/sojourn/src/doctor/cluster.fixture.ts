/** A process of two, as node:cluster starts them; the second tells what the doctor finds in it. */
import cluster from 'node:cluster'
import { memoryStore } from '../stores/memory/index.ts'
import { examine } from './index.ts'

if (cluster.isPrimary) {
  cluster.fork().on('message', (codes: readonly string[]) => {
    process.send?.(codes)
  })
} else {
  const { findings } = await examine({ store: memoryStore() })
  process.send?.(findings.map(({ code }) => code))
  process.disconnect()
}
