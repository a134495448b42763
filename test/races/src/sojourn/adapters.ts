import type { AdapterUnderTest } from './adapter-under-test.ts'
import { node } from './adapters/node.ts'
import { web } from './adapters/web.ts'

export const ADAPTERS: readonly AdapterUnderTest[] = [node, web]

/** @throws Error for a name that is not in the list */
export function adapterNamed(name: string): AdapterUnderTest {
  const found = ADAPTERS.find((adapter) => adapter.name === name)
  if (found === undefined) throw new Error(`There is no adapter "${name}".`)
  return found
}
