/** What one run of a scenario works with: a user of its own, browsers, processes in turn, and gates. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, Browser, type Call } from './browser.ts'
import { held, ME, ME_FOR_SURE, type Point, signIn } from './calls.ts'
import type { AppProcess, Cluster } from './cluster.ts'
import type { Fault } from './messages.ts'
import type { Offer, Reader } from './system.ts'

/** Requests that were sent together, and the order in which their commits go on. */
export type Order = 'handlers' | 'commits-in-turn' | 'commits-together'
const ORDERS: readonly Order[] = ['handlers', 'commits-in-turn', 'commits-together']

const AGAIN_AFTER_MS = 20

export interface Sent {
  readonly browser: Browser
  readonly call: Call
}

export interface Gate {
  readonly name: string
  /** Resolves when `count` have come to it, in all processes together or in this one. */
  arrived(count?: number, at?: AppProcess): Promise<void>
  open(): Promise<void>
}

export class World {
  readonly cluster: Cluster
  /** 0, 1, 2, …: scenarios go through their interleavings by it. */
  readonly run: number
  /** A user whom no other run knows. */
  readonly subject: string = `user-${randomBytes(6).toString('hex')}`

  constructor(cluster: Cluster, run: number) {
    this.cluster = cluster
    this.run = run
  }

  get processes(): readonly AppProcess[] {
    return this.cluster.processes
  }

  get isShared(): boolean {
    return this.processes.length > 1
  }

  /** Whether a touch can be held while its request, and other processes, go on. */
  get holdsTouches(): boolean {
    return this.isShared && this.cluster.system.touchesWithAnswer !== true
  }

  get keepsCopies(): boolean {
    return this.cluster.system.leaseMs !== undefined
  }

  offers(what: Offer): boolean {
    return this.cluster.system.notOffered?.includes(what) !== true
  }

  /** The process of this scenario's nth request: they alternate, and each run begins with another. */
  at(turn: number): AppProcess {
    return this.processes[(turn + this.run) % this.processes.length] as AppProcess
  }

  /** One of the interleavings, each in its turn. */
  pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.run % choices.length] as Choice
  }

  async signedIn(subject: string = this.subject): Promise<Browser & { readonly sessionId: string }> {
    const browser = new Browser()
    const answer = await browser.go(this.at(0), signIn(subject))
    if (answer.status !== 200) throw new Error(`The sign-in was answered with ${answer.status}.`)
    return Object.assign(browser, { sessionId: String(answer.body['id']) })
  }

  gate(): Gate {
    const name = randomBytes(6).toString('hex')
    return {
      name,
      arrived: async (count = 1, at?: AppProcess) => {
        if (at !== undefined) await at.ask('arrived', { gate: name, count })
        else
          await Promise.race(this.processes.map((process) => process.ask('arrived', { gate: name, count })))
      },
      open: async () => {
        await Promise.all(this.processes.map((process) => process.ask('open', { gate: name })))
      },
    }
  }

  /** Sends the request and resolves when it waits at the point. */
  async sendHeld(
    target: AppProcess,
    { browser, call }: Sent,
    point: Point,
  ): Promise<{ readonly gate: Gate; readonly answer: Promise<Answer> }> {
    const gate = this.gate()
    const answer = browser.send(target, held(call, point, gate.name))
    await Promise.race([gate.arrived(1, target), endedEarly(answer)])
    return { gate, answer }
  }

  /** The next commit of that process waits at the gate: before it reaches the store, or with its answer. */
  async holdCommit(
    target: AppProcess,
    { at = 'call', skip = 0 }: { readonly at?: 'call' | 'answer'; readonly skip?: number } = {},
  ): Promise<Gate> {
    const gate = this.gate()
    await target.ask('holdStore', { gate: gate.name, at, skip })
    return { ...gate, arrived: () => gate.arrived(1, target) }
  }

  /**
   * Sends requests to the processes in turn, lets each come to `point`, and then lets them go on: all at once, or
   * held again at the first commit of each process, so that every process has read before any has written.
   */
  async collide(
    requests: readonly Sent[],
    point: Point,
    order: Order = this.pick(ORDERS),
  ): Promise<readonly Answer[]> {
    const sent = await Promise.all(
      requests.map((request, turn) => this.sendHeld(this.at(turn), request, point)),
    )
    const involved = this.processes.filter((process) => requests.some((_, turn) => this.at(turn) === process))
    const commits =
      order === 'handlers' ? [] : await Promise.all(involved.map((process) => this.holdCommit(process)))
    await Promise.all(sent.map(({ gate }) => gate.open()))
    await Promise.all(commits.map((gate) => gate.arrived()))
    for (const [turn, commit] of commits.entries()) {
      const opened = commit.open()
      if (order === 'commits-in-turn')
        await Promise.all(
          sent.filter((_, index) => this.at(index) === involved[turn]).map(({ answer }) => answer),
        )
      await opened
    }
    return await Promise.all(sent.map(({ answer }) => answer))
  }

  /** Moves every process's clock, so that a session that was just seen is due to be touched. */
  async untilTouchIsDue(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.ask('advance', { ms: 61_000 })))
  }

  /** Moves every process's clock, so that no copy of now is used any more. */
  async untilCopiesEnd(): Promise<void> {
    const ms = this.cluster.system.leaseMs
    if (ms !== undefined) await Promise.all(this.processes.map((process) => process.ask('advance', { ms })))
  }

  /** Breaks the servers, or where there are none the store in each process. */
  async breakStore(fault: Fault): Promise<void> {
    const { servers } = this.cluster
    if (servers === undefined)
      await Promise.all(this.processes.map((process) => process.ask('breakStore', fault)))
    else if (fault.how === 'hang') servers.pause()
    else await servers.kill()
  }

  /** Ends what a scenario broke. */
  async heal(): Promise<void> {
    await this.cluster.servers?.recover()
    await Promise.all(this.processes.map((process) => process.ask('heal')))
  }

  /** Resolves when no process waits for its store. */
  async quiet(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.ask('quiet')))
  }

  /** The store, seen from outside the application; `undefined` where it lives inside. */
  reader(): Reader | undefined {
    return this.cluster.system.reader?.(this.cluster.place)
  }

  /**
   * What each process answers to `GET /me`. One that keeps copies may be late by the lease, which is promised and no
   * lost race; so it is asked for what holds now, and once more, for what it has, when the lease has ended.
   */
  async seenBy(browser: Browser): Promise<readonly Answer[]> {
    const answers = await this.#askAll(browser, this.keepsCopies ? ME_FOR_SURE : ME)
    if (!this.keepsCopies) return answers
    await this.untilCopiesEnd()
    return [...answers, ...(await this.#askAll(browser, ME))]
  }

  #askAll(browser: Browser, call: Call): Promise<readonly Answer[]> {
    return Promise.all(this.processes.map((process) => this.#ask(browser, process, call)))
  }

  /** A server answers late on a busy machine, and is back before the connections to it are: 503 says to ask again. */
  async #ask(browser: Browser, process: AppProcess, call: Call): Promise<Answer> {
    const answer = await browser.send(process, call)
    if (answer.status !== 503 || this.cluster.servers === undefined) return answer
    await delay(AGAIN_AFTER_MS)
    return await this.#ask(browser, process, call)
  }

  /** Why this browser is not signed in everywhere; `undefined` when it is. */
  async notSignedIn(browser: Browser): Promise<string | undefined> {
    const statuses = (await this.seenBy(browser)).map(({ status }) => status)
    return statuses.every((status) => status === 200)
      ? undefined
      : `GET /me was answered with ${statuses.join(' and ')}`
  }

  /** Where this browser is still signed in, or not clearly signed out; `undefined` when it is not. */
  async stillSignedIn(browser: Browser): Promise<string | undefined> {
    const statuses = (await this.seenBy(browser)).map(({ status }) => status)
    return statuses.every((status) => status === 401)
      ? undefined
      : `GET /me was answered with ${statuses.join(' and ')}`
  }
}

async function endedEarly(answer: Promise<Answer>): Promise<never> {
  const { status, body } = await answer
  throw new Error(
    `The request was answered with ${status} before it came to its gate: ${JSON.stringify(body)}`,
  )
}
