/** Short messages after a redirect. The address carries a code, never a text that somebody could make up. */

export type Notice = keyof typeof NOTICES

const NOTICES = {
  welcome: 'Welcome to Wayside. You are signed in.',
  'signed-in': 'You are signed in.',
  ended: 'Your session has ended. Please sign in again.',
  elsewhere: 'You were signed out from another device.',
  'new-password': 'The password was changed on another device, so you were signed out here.',
  'too-many': 'You signed in on one device more than there can be, so this one was signed out.',
  'other-tab': 'You signed out in another tab.',
  address: 'Your delivery address was changed.',
  password: 'Your password was changed. All your other devices were signed out.',
  'signed-out-one': 'That device was signed out.',
  'signed-out-others': 'All your other devices were signed out.',
  'gone-already': 'That device was signed out already.',
  ordered: 'Thank you! Your order was placed.',
} as const

export function noticeText(code: string): string | undefined {
  return Object.hasOwn(NOTICES, code) ? NOTICES[code as Notice] : undefined
}
