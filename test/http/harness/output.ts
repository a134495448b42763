/** What the process says: stdout, stderr, the console and warnings, collected while a test runs. */
import { onTestFinished, vi } from 'vitest'

/** Everything said from now on. */
export function listenToOutput(): () => string {
  const said: string[] = []
  const record = (...args: unknown[]): void => void said.push(args.map(String).join(' '))
  const spies = [
    ...(['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(record),
    ),
    ...[process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        record(chunk)
        return true
      }),
    ),
  ]
  process.on('warning', record)
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
    process.off('warning', record)
  })
  return () => said.join('\n')
}
