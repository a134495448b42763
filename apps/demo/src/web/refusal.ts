/** A request that gets an error page instead of an answer. Thrown, because it ends whatever was going on. */
import type { LocalPath } from './return-path.ts'

export interface RefusalOptions {
  readonly title?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The page on which to try again. */
  readonly again?: LocalPath
}

export class Refusal extends Error {
  readonly status: number
  readonly title: string
  readonly headers: Readonly<Record<string, string>>
  readonly again: LocalPath | undefined

  constructor(status: number, message: string, options: RefusalOptions = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.title = options.title ?? 'That did not work'
    this.headers = options.headers ?? {}
    this.again = options.again
  }
}
