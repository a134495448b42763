import { memoryStore } from 'sojourn/stores/memory'
import type { StoreUnderTest } from '../store-under-test.ts'

export const memory: StoreUnderTest = {
  name: 'memory',
  processes: 1,
  open: (_place, environment) => memoryStore({ environment }),
}
