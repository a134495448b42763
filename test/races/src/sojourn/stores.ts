/** Every store that is raced. `broken` is not among them: it exists to show that the races can be lost. */
import type { StoreUnderTest } from './store-under-test.ts'
import { broken } from './stores/broken.ts'
import { memory } from './stores/memory.ts'
import { sqlite } from './stores/sqlite.ts'

export const STORES: readonly StoreUnderTest[] = [memory, sqlite]

/** @throws Error for a name that is in no list */
export function storeNamed(name: string): StoreUnderTest {
  const found = [...STORES, broken].find((store) => store.name === name)
  if (found === undefined) throw new Error(`There is no store "${name}".`)
  return found
}
