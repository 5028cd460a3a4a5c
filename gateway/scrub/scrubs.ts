/**
 * Has the engine read every live block of each device: on schedule, and when control asks for it.
 *
 *   waiting ──request, or due──▶ running ──all read──▶ finished ──▶ waiting
 *                                   └──stop, or another request, or the device failed──▲
 *
 * Level-triggered: what control wants has a number, and a number that was seen to its end is not
 * looked at again.
 */
import type { Logger } from 'pino'
import type { ScrubDesired, ScrubMessage } from '../../control/contract/messages.ts'
import type { DeviceStatus, Engine } from '../../native-rdma/index.js'
import { GatewayFailure } from '../failure.ts'
import {
  dueAtMs,
  newRecord,
  partOf,
  readScrubRecords,
  type ScrubRecord,
  saveScrubRecords,
} from './scrub-record.ts'

export interface Scrubs {
  want(desired: ScrubDesired | null): void
  /** The present pass of a device, or the last one. */
  of(device: DeviceStatus): ScrubMessage
  /** Starts nothing any more; passes end with the engine. */
  close(): Promise<void>
}

export interface ScrubOptions {
  readonly engine: Engine
  readonly folder: string
  /** 0: only on request. */
  readonly intervalMs: number
  readonly bytesPerSecond: number
  readonly log: Logger
  /** A pass has begun or ended. */
  changed(): void
  /** Milliseconds since 1970. */
  now?(): number
  readonly lookEveryMs?: number
}

type AnyPass = Omit<ScrubMessage, 'finishedAtMs' | 'requestDone'>

interface Tracked extends ScrubRecord {
  running: AnyPass | null
  /** It was told to stop. */
  isStopping: boolean
  /** The engine's count of finished passes when this one began. */
  passesBefore: bigint
  /** Why the engine refuses what is due; said once. */
  complaint: string
}

const lookEveryMs = 500
/** A gateway that was away for long has hosts to serve first. */
const overdueSpreadMs = 10 * 60_000

export const openScrubs = (options: ScrubOptions): Scrubs => new Scheduler(options)

class Scheduler implements Scrubs {
  readonly #options: ScrubOptions
  readonly #now: () => number
  readonly #startedMs: number
  readonly #tracked = new Map<string, Tracked>()
  readonly #timer: NodeJS.Timeout
  #wanted: ScrubDesired | null = null
  #looking: Promise<void> | undefined
  #isClosed = false

  constructor(options: ScrubOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#startedMs = this.#now()
    const records = readRecords(options)
    for (const { storeId } of options.engine.devices()) {
      const found = records.find((record) => record.storeId === storeId)
      const record = found ?? newRecord(storeId, this.#startedMs)
      this.#tracked.set(storeId, { ...record, ...idle, complaint: '' })
    }
    this.#timer = setInterval(() => this.look(), options.lookEveryMs ?? lookEveryMs)
    // Remembered from the first day on: the first pass on schedule counts from it.
    this.#do(() => this.#save())
  }

  want(desired: ScrubDesired | null): void {
    this.#wanted = desired
    this.look()
  }

  of(device: DeviceStatus): ScrubMessage {
    const tracked = this.#tracked.get(device.storeId)
    if (!tracked) return { ...noPass, finishedAtMs: 0, requestDone: 0 }
    const { running, pass, finishedAtMs, requestDone } = tracked
    if (running) return { ...running, ...blocksOf(device), finishedAtMs, requestDone }
    return { ...(pass ?? noPass), finishedAtMs, requestDone }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#looking
  }

  /** Sees what has ended and begins what is due, unless that is being done already. */
  look(): void {
    if (!this.#looking && !this.#isClosed) this.#do(() => this.#lookAtAll())
  }

  #do(work: () => Promise<void>): void {
    this.#looking = work().finally(() => {
      this.#looking = undefined
    })
  }

  async #lookAtAll(): Promise<void> {
    for (const device of this.#options.engine.devices()) {
      const tracked = this.#tracked.get(device.storeId)
      if (!tracked || this.#isClosed) continue
      try {
        await this.#lookAt(device, tracked)
        tracked.complaint = ''
      } catch (error) {
        this.#complain(tracked, `${device.path}: no scrub: ${(error as Error).message}`)
      }
    }
  }

  /** It is tried again at every look, and the same answer is said once. */
  #complain(tracked: Tracked, complaint: string): void {
    if (complaint !== tracked.complaint) this.#options.log.warn(complaint)
    tracked.complaint = complaint
  }

  async #lookAt(device: DeviceStatus, tracked: Tracked): Promise<void> {
    const { engine } = this.#options
    if (tracked.running && !device.scrub.running)
      await this.#ended(device, tracked, tracked.running)
    if (device.failed) return
    const wanted = this.#wanted
    if (wanted && wanted.request > tracked.requestDone) {
      if (tracked.running?.request === wanted.request) return
      // Its end is seen by a later look, which then goes on with what is wanted.
      if (tracked.running) {
        tracked.isStopping = true
        return engine.stopScrub(device.path)
      }
      if (wanted.stop) return this.#done(tracked, wanted.request)
      return this.#start(device, tracked, wanted.request, wanted.bytesPerSecond)
    }
    if (this.#isDue(tracked)) return this.#start(device, tracked, 0, this.#options.bytesPerSecond)
  }

  #isDue(tracked: Tracked): boolean {
    const { intervalMs } = this.#options
    if (intervalMs === 0 || tracked.running) return false
    const waitMs = Math.min(overdueSpreadMs, intervalMs) * partOf(tracked.storeId)
    return this.#now() >= Math.max(dueAtMs(tracked, intervalMs), this.#startedMs + waitMs)
  }

  async #start(device: DeviceStatus, tracked: Tracked, request: number, bytesPerSecond: number) {
    const pass: AnyPass = {
      ...noPass,
      state: 'RUNNING',
      request,
      bytesPerSecond,
      startedAtMs: this.#now(),
    }
    await this.#options.engine.startScrub(device.path, BigInt(bytesPerSecond))
    Object.assign(tracked, { ...idle, running: pass, passesBefore: device.scrub.passes })
    const why = request === 0 ? 'on schedule' : `on request ${request}`
    this.#options.log.info({ device: device.path }, `${device.path}: a scrub has begun ${why}`)
    this.#options.changed()
  }

  async #ended(device: DeviceStatus, tracked: Tracked, pass: AnyPass): Promise<void> {
    const { log, changed } = this.#options
    const nowMs = this.#now()
    const finished = device.scrub.passes > tracked.passesBefore
    const state = finished ? 'FINISHED' : tracked.isStopping ? 'STOPPED' : 'FAILED'
    const ended = { ...pass, ...blocksOf(device), state, endedAtMs: nowMs } as const
    Object.assign(tracked, { ...idle, pass: ended })
    if (finished) tracked.finishedAtMs = nowMs
    const { blocksRead, blocksDamaged } = ended
    const level = blocksDamaged > 0 || state === 'FAILED' ? 'error' : 'info'
    const figures = `${blocksRead} blocks were read, ${blocksDamaged} are damaged`
    log[level](
      { device: device.path, blocksRead, blocksDamaged },
      `${device.path}: a scrub ${endings[state]}: ${figures}`,
    )
    await this.#done(tracked, pass.request)
    changed()
  }

  async #done(tracked: Tracked, request: number): Promise<void> {
    tracked.requestDone = Math.max(tracked.requestDone, request)
    await this.#save()
  }

  async #save(): Promise<void> {
    const { folder, log } = this.#options
    const records = [...this.#tracked.values()].map(
      ({ storeId, requestDone, firstSeenAtMs, finishedAtMs, pass }) => {
        return { storeId, requestDone, firstSeenAtMs, finishedAtMs, pass }
      },
    )
    await saveScrubRecords(folder, records).catch((error: Error) => log.error(error.message))
  }
}

const idle = { running: null, isStopping: false, passesBefore: 0n }
const noPass: AnyPass = {
  state: 'STATE_UNSPECIFIED',
  request: 0,
  bytesPerSecond: 0,
  startedAtMs: 0,
  endedAtMs: 0,
  blocksRead: 0,
  blocksTotal: 0,
  blocksDamaged: 0,
}
const endings = {
  FINISHED: 'has read everything',
  STOPPED: 'was stopped',
  FAILED: 'has failed, because the device does not give its blocks',
}

const blocksOf = ({ scrub }: DeviceStatus) => ({
  blocksRead: Number(scrub.blocksRead),
  blocksTotal: Number(scrub.blocksTotal),
  blocksDamaged: Number(scrub.blocksDamaged),
})

/** Without it passes come anew, and that does no harm. */
function readRecords({ folder, log }: ScrubOptions): readonly ScrubRecord[] {
  try {
    return readScrubRecords(folder)
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error
    log.error(`${error.message} When stores were last scrubbed is not known any more.`)
    return []
  }
}
