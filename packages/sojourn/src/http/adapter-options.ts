/** The options that adapters have in common, checked the same way in all of them. */
import { ConfigError } from '../core/errors.ts'
import { unknownKeys } from '../core/policy/unknown-keys.ts'

/**
 * For adapters: `unavailable` is `respond` or `pass`, `property` a name, `mode` a read mode or a
 * function, every other option in `known` a function.
 *
 * @throws ConfigError listing every problem
 */
export function assertAdapterOptions(options: object, known: readonly string[]): void {
  const problems = [...unknownKeys('', options, known)]
  for (const [path, value] of Object.entries(options)) {
    if (value === undefined || !known.includes(path)) continue
    if (path === 'unavailable') {
      if (value !== 'respond' && value !== 'pass')
        problems.push({ path, message: "Write 'respond' or 'pass'." })
    } else if (path === 'property') {
      if (typeof value !== 'string' || value === '')
        problems.push({ path, message: "Write a name such as 'session'." })
    } else if (path === 'mode') {
      if (value !== 'bounded' && value !== 'strict' && typeof value !== 'function')
        problems.push({ path, message: "Write 'bounded' or 'strict', or pass a function that says which." })
    } else if (typeof value !== 'function') problems.push({ path, message: 'Pass a function.' })
  }
  if (problems.length > 0) throw new ConfigError(problems)
}
