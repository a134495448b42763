/**
 * The application: assets, then the session, then what was posted, then the pages. Only POST changes anything, and
 * only from a page of this site: `expressSessions` answers 403 to all others before a route is looked for.
 */
import express, { type Express } from 'express'
import { expressSessions } from 'sojourn/express'
import { askToConfirm, confirm } from './devices/confirm.ts'
import { showDevices, signOutEverywhere, signOutOne, signOutOthers } from './devices/devices.ts'
import { tellLive } from './devices/live.ts'
import { ASSETS, sendAsset } from './look/assets.ts'
import { changeAddress, showAccount } from './people/account.ts'
import { askForPasswords, changePassword } from './people/change-password.ts'
import { membersOnly } from './people/members-only.ts'
import { askToSignIn, showSignedOut, signIn, signOut } from './people/sign-in.ts'
import { askToSignUp, signUp } from './people/sign-up.ts'
import type { Shop } from './shop.ts'
import { addToBasket, changeBasket, placeOrder, showBasket, showShop } from './shop/pages.ts'
import { errorPages, refuseMethod, report } from './web/errors.ts'
import { formToken } from './web/form-token.ts'
import type { LocalPath } from './web/return-path.ts'
import type { Handler } from './web/visit.ts'

export function createApp(shop: Shop): Express {
  const { answerProblem, answerError, answerNothingHere } = errorPages(shop)
  const session = expressSessions(shop.sessions, { onProblem: answerProblem, onError: report })
  const app = express()
  app.disable('x-powered-by')
  // Pages are never kept, and assets for good: nothing is ever asked for again to compare it.
  app.disable('etag')
  app.enable('case sensitive routing')
  app.enable('strict routing')

  for (const asset of ASSETS) app.get(asset.path, (_request, response) => sendAsset(response, asset))
  app.use(session)
  app.use(express.urlencoded({ extended: false, limit: '16kb' }))
  app.use(formToken(session))

  function route(path: LocalPath, { get, post }: { readonly get?: Handler; readonly post?: Handler }): void {
    const methods = app.route(path)
    if (get !== undefined) methods.get(visited(get))
    if (post !== undefined) methods.post(visited(post))
    methods.all(refuseMethod(get, post))
  }

  function visited(handler: Handler): express.RequestHandler {
    return (request, response) => {
      const handle = session.of(request)
      const account = handle.subject === undefined ? undefined : shop.accounts.byId(handle.subject)
      return handler({ shop, session: handle, account, request, response })
    }
  }

  route('/', { get: showShop })
  route('/basket', { get: showBasket })
  route('/basket/add', { post: addToBasket })
  route('/basket/change', { post: changeBasket })
  route('/orders', { post: placeOrder })
  route('/sign-up', { get: askToSignUp, post: signUp })
  route('/sign-in', { get: askToSignIn, post: signIn })
  route('/sign-out', { post: signOut })
  route('/signed-out', { get: showSignedOut })
  route('/account', { get: membersOnly('/account', showAccount) })
  route('/account/address', { post: membersOnly('/account', changeAddress) })
  route('/account/password', {
    get: membersOnly('/account/password', askForPasswords),
    post: membersOnly('/account/password', changePassword),
  })
  route('/devices', { get: membersOnly('/devices', showDevices) })
  route('/devices/live', { get: tellLive })
  route('/devices/sign-out', { post: membersOnly('/devices', signOutOne) })
  route('/devices/sign-out-others', { post: membersOnly('/devices', signOutOthers) })
  route('/devices/sign-out-everywhere', { post: membersOnly('/devices', signOutEverywhere) })
  route('/confirm', {
    get: membersOnly('/account', askToConfirm),
    post: membersOnly('/account', confirm),
  })

  app.use(visited(answerNothingHere))
  app.use(answerError)
  return app
}
