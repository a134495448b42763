/**
 * Holding a node response back until its commit is through. The methods that write are replaced on this one
 * response; the first of them that is called starts the commit, and all are repeated in order when it is done.
 * A commit that is refused takes the place of whatever the handler wanted to say.
 */
import type { ServerResponse } from 'node:http'
import type { ResponseHeaders } from '../delivery.ts'
import { type Committed, followedBy } from '../committed.ts'
import { type Problem, problemOf } from '../problem.ts'
import {
  type AnyMethod,
  type Holdable,
  type Holders,
  holdersFor,
  METHODS,
  type Method,
  isSpeaking,
  methodsOf,
  speak,
  voiceOf,
} from './holders.ts'
import {
  assertCall,
  assertHead,
  type Call,
  clearHeaders,
  hasMessage,
  putHeaders,
  replay,
  type Writer,
} from './replay.ts'

export interface HeldResponse {
  /** Whether headers have left in truth; the response itself says what the handler has to go by. */
  readonly headersSent: boolean
  /** Sets a header of ours, also when the handler has begun to answer. */
  setHeader(name: string, value: string): void
  /** What the handler has said so far: nothing, something, or all. It waits for the commit. */
  readonly said: 'nothing' | 'something' | 'all'
  /** What was said is not to be sent; this is, when the commit is through. */
  abandon(reason: Problem): void
}

export interface Holding {
  /** Called with the status that the handler chose, and again while more has changed during the commit before. */
  readonly commit: (status: number) => Promise<Committed>
  readonly isChanged: () => boolean
  /** Told when nothing is held any more; later changes need a new hold. */
  readonly onReleased: () => void
  readonly onError: (error: unknown) => void
  /** Writes a problem where the handler's answer would have been, at once or later. */
  readonly answer: (problem: Problem, response: ServerResponse) => void
}

/**
 * Holds all that writes; once the headers have left, the end alone. What has been said cannot be taken back: the
 * response says that it was sent, or a framework that asks would answer a second time.
 */
export function holdUntilCommitted(response: ServerResponse, holding: Holding): HeldResponse {
  return new Hold(response, holding)
}

class Hold implements HeldResponse {
  readonly headersSent: boolean
  readonly #response: Holdable
  readonly #holding: Holding
  readonly #holders: Holders
  readonly #originals = new Map<Method, AnyMethod>()
  readonly #calls: Call[] = []
  #state: 'holding' | 'released' | 'replaced' = 'holding'
  #abandoned: Problem | undefined
  #head: Pick<ServerResponse, 'statusCode' | 'statusMessage'> | undefined

  constructor(response: Holdable, holding: Holding) {
    this.headersSent = response.headersSent
    this.#response = response
    this.#holding = holding
    this.#holders = holdersFor(response, this)
    const methods = methodsOf(response)
    for (const method of this.headersSent ? (['end'] as const) : METHODS) {
      this.#originals.set(method, methods[method])
      methods[method] = this.#holders.methods[method]
    }
  }

  get said(): 'nothing' | 'something' | 'all' {
    if (this.#calls.length === 0) return 'nothing'
    return this.saysAll ? 'all' : 'something'
  }

  get saysAll(): boolean {
    return this.#state === 'replaced' || this.#calls.some(({ writer }) => writer === 'end')
  }

  /** What answers in the handler's place may come through somebody's wrapper, and later; until it has, `end` is its. */
  get keepsBack(): boolean {
    return this.#state === 'holding' || (this.#isMute && hasEnded(this.#response))
  }

  setHeader(name: string, value: string): void {
    this.#pass('setHeader', [name, value])
  }

  abandon(reason: Problem): void {
    this.#abandoned = reason
  }

  /** Somebody may have wrapped this in the meantime, and goes on calling it, also with what nobody is to see. */
  say(writer: Writer, args: readonly unknown[]): unknown {
    const response = this.#response
    if (this.#isMute) {
      callBack(args)
      return writer === 'write' ? true : response
    }
    if (this.#state !== 'holding') return this.#pass(writer, args)
    assertCall({ writer, args })
    if (writer !== 'writeHead' && this.#calls.length === 0 && !this.headersSent)
      assertHead([response.statusCode, hasMessage(response) ? response.statusMessage : undefined])
    // Libraries that ask node's own field write the head again; it has been said.
    if (writer === 'writeHead' && this.#calls.length > 0) {
      if (args.length > 1) throw tooLate()
      return response
    }
    if (this.#calls.push({ writer, args }) === 1) this.#begin()
    return writer === 'write' ? false : response
  }

  changeHeader(method: Method, args: readonly unknown[]): unknown {
    if (this.#isMute) return this.#response
    if (this.#state === 'holding' && this.#calls.length > 0) throw tooLate()
    return this.#pass(method, args)
  }

  /** The handler is not to be heard any more; whoever answers in its place is, and so is another hold on this response. */
  get #isMute(): boolean {
    return this.#state === 'replaced' && !isSpeaking(this.#response)
  }

  #pass(method: Method, args: readonly unknown[]): unknown {
    const original = this.#originals.get(method) ?? methodsOf(this.#response)[method]
    return original.apply(this.#response, [...args])
  }

  #begin(): void {
    const response = this.#response
    const statusMessage = hasMessage(response) ? response.statusMessage : ''
    this.#head = { statusCode: response.statusCode, statusMessage }
    Object.defineProperties(response, this.#holders.properties)
    void this.#release()
  }

  async #release(): Promise<void> {
    const holding = this.#holding
    const status = statusOf(this.#response, this.#calls[0])
    let outcome = await holding.commit(status)
    // No await between the last look and the release: what comes after it finds nothing held.
    while (outcome.kind === 'committed' && holding.isChanged())
      outcome = followedBy(outcome, await holding.commit(status))
    const reason = this.#abandoned ?? (outcome.kind === 'committed' ? undefined : outcome.problem)
    if (reason === undefined) this.#restore()
    else this.#state = 'replaced'
    holding.onReleased()
    if (isGone(this.#response) || reason !== undefined) for (const { args } of this.#calls) callBack(args)
    if (!isGone(this.#response)) this.#answer(reason, outcome.headers)
    if (outcome.kind === 'failed' && problemOf(outcome.error) === undefined) holding.onError(outcome.error)
  }

  /** What was changed about the head since the first write comes too late, as it would have without us. */
  #restore(): void {
    const response = this.#response
    this.#state = 'released'
    for (const name of Object.keys(this.#holders.properties)) Reflect.deleteProperty(response, name)
    const methods = methodsOf(response)
    for (const [method, original] of this.#originals)
      if (methods[method] === this.#holders.methods[method]) methods[method] = original
    if (this.#head === undefined || this.headersSent) return
    response.statusCode = this.#head.statusCode
    if (hasMessage(response)) response.statusMessage = this.#head.statusMessage
  }

  #answer(reason: Problem | undefined, lines: ResponseHeaders): void {
    const response = this.#response
    try {
      if (reason === undefined)
        speak(response, () => replay(response, { calls: this.#calls, originals: this.#originals, lines }))
      else if (this.headersSent) response.destroy()
      else this.#answerInstead(reason, lines)
    } catch (error) {
      response.destroy()
      this.#holding.onError(error)
    }
  }

  /** Nothing that the handler prepared is left, and what it still says nobody hears. */
  #answerInstead(reason: Problem, lines: ResponseHeaders): void {
    // Node's own methods call one another on the response, so all are heard for as long as one runs.
    const spoken = (method: Method, args: readonly unknown[]): unknown =>
      speak(this.#response, () => this.#pass(method, args))
    const voice = voiceOf(this.#response, spoken)
    clearHeaders(voice)
    putHeaders(voice, lines)
    this.#holding.answer(reason, voice)
  }
}

/** Whoever waits for what was written to be on its way learns, in a later turn, that it never will be. */
function callBack(args: readonly unknown[]): void {
  const done = args.at(-1)
  if (typeof done !== 'function') return
  void tellLater(done as (error: Error) => void)
}

async function tellLater(done: (error: Error) => void): Promise<void> {
  await Promise.resolve()
  done(new Error('Something else was answered: the session could not be committed.'))
}

function tooLate(): Error {
  return Object.assign(new Error('Cannot change headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  })
}

/** In truth: while it is held, a response says what the handler has to go by. */
function hasEnded(response: ServerResponse): boolean {
  return Reflect.get(Object.getPrototypeOf(response) as object, 'writableEnded', response) === true
}

/** Whether the client has left. A response of HTTP/2 does not say so itself. */
export function isGone(response: ServerResponse): boolean {
  const { stream } = response as ServerResponse & { readonly stream?: { readonly destroyed: boolean } }
  return response.destroyed || stream?.destroyed === true
}

function statusOf(response: ServerResponse, first: Call | undefined): number {
  return first?.writer === 'writeHead' ? Number(first.args[0]) : response.statusCode
}

/** Answers a problem as JSON. */
export function sendProblem(response: ServerResponse, { status, headers, body }: Problem): void {
  response.writeHead(status, headers).end(body)
}
