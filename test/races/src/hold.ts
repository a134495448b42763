/** Where a request waits for the harness: `hold=<point>.<gate>` in its query. */
export type Reached = (point: string) => Promise<void>

export function holdOf(path: string, pass: (gate: string) => Promise<void>): Reached {
  const [point, gate] = (new URL(path, 'http://localhost').searchParams.get('hold') ?? '').split('.')
  return async (here) => {
    if (here === point && gate !== undefined) await pass(gate)
  }
}
