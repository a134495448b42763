/** Holds this process up, as a long computation does: no timer runs and nothing is read for so many milliseconds. */
export function holdUp(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
