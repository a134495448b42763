/** What a call throws, for handlers that go on after it. */

/** The code of the error that `act` throws; `undefined` when it throws none, or one without. */
export function codeThrownBy(act: () => void): unknown {
  try {
    act()
  } catch (error) {
    return (error as { readonly code?: unknown }).code
  }
  return undefined
}
