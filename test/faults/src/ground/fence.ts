/** How long a read counts after the last proof, and how long a copy: as long as the default in a full run, as short as can be else. */
import type { Lab } from '../case.ts'

export function fenceOf({ scale }: Pick<Lab, 'scale'>): '1s' | '5s' {
  return scale === 'short' ? '1s' : '5s'
}

export function fenceMsOf(lab: Pick<Lab, 'scale'>): number {
  return Number.parseInt(fenceOf(lab), 10) * 1_000
}
