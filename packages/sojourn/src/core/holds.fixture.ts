/** Properties with a fixed seed, so that a plain test run never differs from the one before. */
import fc from 'fast-check'

const SEED = 20_260_101

/** Fails with fast-check's report unless `check` holds for everything that is generated. */
export function holds<Values extends [unknown, ...unknown[]]>(
  ...given: [
    ...arbitraries: { [K in keyof Values]: fc.Arbitrary<Values[K]> },
    check: (...values: Values) => void,
  ]
): void {
  const arbitraries = given.slice(0, -1) as unknown as { [K in keyof Values]: fc.Arbitrary<Values[K]> }
  const check = given.at(-1) as (...values: Values) => void
  const property = fc.property(fc.tuple<Values>(...arbitraries), (values) => {
    check(...values)
  })
  fc.assert(property, { seed: SEED })
}
