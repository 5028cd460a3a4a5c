/**
 * The election of the leader among control processes on one metadata store.
 *
 *   following ──the key is free──▶ elected ──mirror has come so far──▶ leading
 *       ▲                             │                                  │
 *       └──── lease over, key gone, store silent for the lease's time, closed ◀┘
 *
 * The leader's key goes with its lease. The leader counts its lease's time itself, from before it
 * asked: whether the store answers or not, it ends before the store gives the key to another.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Compare, KeyValue, MetadataStore } from '../metadata/metadata.ts'
import { absent, defineRecord, putRecord } from '../model/record.ts'
import type { Leadership } from './leadership.ts'

export interface Election extends Leadership {
  /** `api` is where the others find this process's API, as a URL. */
  start(api: string): void
  /** Gives the leadership up, so that another one has it at once. */
  close(): Promise<void>
}

export interface ElectionOptions {
  readonly store: MetadataStore
  readonly log: Logger
  readonly leaseMs: number
  /** The revision that this process has seen everything up to. */
  seenRevision(): number
}

interface LeaderRecord {
  readonly id: string
  readonly api: string
}

const leaderKind = defineRecord<LeaderRecord>('leader/', 1)
export const leaderKey = `${leaderKind.prefix}control`

const pollsPerLease = 8
const keepsPerLease = 4
const catchUpPollMs = 10

interface Term {
  readonly lease: number
  /** Of the leader's key, which is put once: its creation's too. */
  readonly revision: number
  /** By this process's clock. */
  untilMs: number
}

export const createElection = (options: ElectionOptions): Election => new Campaign(options)

class Campaign implements Election {
  readonly #options: ElectionOptions
  readonly #id = randomUUID()
  readonly #closing = new AbortController()
  readonly #listeners: (() => void)[] = []
  #running: Promise<void> = Promise.resolve()
  #api = ''
  #term: Term | undefined
  #leaderApi: string | undefined
  #lastFailure = ''

  constructor(options: ElectionOptions) {
    this.#options = options
  }

  start(api: string): void {
    this.#api = api
    this.#running = this.#run()
  }

  leads(): boolean {
    return this.#term !== undefined && performance.now() < this.#term.untilMs
  }
  fence(): Compare | undefined {
    return this.#term && { key: leaderKey, modRevision: this.#term.revision }
  }
  leaderApi(): string | undefined {
    return this.#leaderApi
  }
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { leaseMs, log } = this.#options
    while (!this.#closing.signal.aborted) {
      try {
        await this.#stand()
        this.#lastFailure = ''
      } catch (error) {
        this.#leaderApi = undefined
        const { message } = error as Error
        if (message !== this.#lastFailure) log.warn(error, 'who leads could not be found out')
        this.#lastFailure = message
      }
      await this.#pause(leaseMs / pollsPerLease)
    }
  }

  /** Follows who leads; takes the lead when nobody has it. */
  async #stand(): Promise<void> {
    const { store, leaseMs } = this.#options
    const { entry } = await store.get(leaderKey)
    this.#leaderApi = entry && recordOf(entry).api
    if (entry) return
    const untilMs = performance.now() + leaseMs
    const lease = await store.grantLease(leaseMs)
    try {
      const record = putRecord(leaderKind, 'control', { id: this.#id, api: this.#api })
      const { succeeded, revision } = await store.transact({
        compare: [absent(leaderKey)],
        success: [{ ...record, lease } as typeof record],
      })
      if (succeeded) await this.#lead({ lease, revision, untilMs })
    } finally {
      await store.revokeLease(lease).catch(() => undefined)
    }
  }

  async #lead(term: Term): Promise<void> {
    const { seenRevision, log, leaseMs } = this.#options
    const isOver = () => this.#closing.signal.aborted || performance.now() >= term.untilMs
    // Gateways must not be told what was true before the last leader's last write.
    while (seenRevision() < term.revision && !isOver()) await this.#pause(catchUpPollMs)
    if (isOver()) return
    this.#term = term
    this.#leaderApi = undefined
    log.info({ revision: term.revision }, 'this control process leads')
    this.#notify()
    let expiry: NodeJS.Timeout | undefined
    const watchTime = () => {
      if (isOver()) this.#end('its lease was not kept in time')
      else expiry = setTimeout(watchTime, term.untilMs - performance.now())
    }
    watchTime()
    try {
      while (this.#term === term && !this.#closing.signal.aborted) {
        await this.#pause(leaseMs / keepsPerLease)
        const reason = await this.#keep(term)
        if (reason !== undefined) this.#end(reason)
      }
    } finally {
      clearTimeout(expiry)
      this.#end('it is closing')
    }
  }

  /** Why the term is over; undefined when it goes on, or nobody can tell. */
  async #keep(term: Term): Promise<string | undefined> {
    const { store, leaseMs } = this.#options
    const askedMs = performance.now()
    try {
      if (!(await store.keepLease(term.lease))) return 'its lease is over'
      const { entry } = await store.get(leaderKey)
      if (entry?.modRevision !== term.revision) return 'another one leads'
      term.untilMs = Math.max(term.untilMs, askedMs + leaseMs)
    } catch {
      // The lease's time runs on: it ends the term, unless the store answers before.
    }
    return undefined
  }

  #end(reason: string): void {
    if (!this.#term) return
    this.#term = undefined
    this.#options.log.warn({ reason }, `this control process does not lead any more: ${reason}`)
    this.#notify()
  }

  #notify(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Cut short by the end. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#closing
    return delay(ms, undefined, { signal }).catch(() => undefined)
  }
}

const recordOf = (entry: KeyValue): LeaderRecord => leaderKind.decode(entry).value
