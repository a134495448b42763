/** A user's own view of their sessions. */
import type { DeviceEntry } from '../core/devices/device-list.ts'

/** The answer to ending sessions other than one's own. */
export type DeviceChange =
  | { readonly kind: 'done'; readonly ended: number }
  /** Ask for the password, call `elevate`, then try again. */
  | { readonly kind: 'reauthenticate' }
  /** No such session of this user, or the request's own session is over. */
  | { readonly kind: 'not-found' }

export interface Device extends DeviceEntry {
  /** The session of this request. */
  readonly current: boolean
}
