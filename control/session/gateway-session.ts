/**
 * One gateway's stream: who it is, what it says, what it is told.
 *
 * Messages are taken one at a time, and the stream is not read meanwhile. Of desired states only
 * the newest waits to be sent: a slow gateway costs one message, and is dropped when it stays slow.
 */
import { isDeepStrictEqual } from 'node:util'
import {
  contractVersion,
  type Desired,
  type DeviceMessage,
  type FromGateway,
  type GroupReport,
  type ToGateway,
} from '../contract/messages.ts'
import type { Control } from '../control.ts'
import { UnavailableError } from '../metadata/metadata.ts'
import type { Device, Node } from '../model/node.ts'
import { checkDevices, checkHello } from './check-hello.ts'
import type { DesiredContent } from './desired.ts'
import type { FleetLimits } from './fleet.ts'
import { Refusal } from './refusal.ts'
import { lastingOf, registerDevices } from './register-devices.ts'
import { registerNode } from './register-node.ts'

/** What a session needs of the gRPC call: it has flow control, and an end that can be seen. */
export interface GatewayStream {
  write(message: ToGateway, written: () => void): unknown
  end(): unknown
  pause(): unknown
  resume(): unknown
  on(event: 'data', listener: (message: FromGateway) => void): unknown
  on(event: 'end' | 'cancelled' | 'close' | 'error', listener: () => void): unknown
}

export interface SessionLimits extends FleetLimits {
  readonly heartbeatIntervalMs: number
}

export interface SessionEvents {
  /** Makes it the node's only session, or throws a Refusal. */
  admit(session: GatewaySession): void
  /** The gateway waits for its desired state. */
  opened(session: GatewaySession): void
  ended(session: GatewaySession): void
}

/**
 *   greeting ──Hello──▶ registering ──Welcome──▶ open
 *      └─────────────────────┴───────▶ ended ◀────┘
 */
type Phase = 'greeting' | 'registering' | 'open' | 'ended'

export class GatewaySession {
  /** Empty until the gateway has said it. */
  nodeName = ''
  incarnation = ''
  readonly #control: Control
  readonly #stream: GatewayStream
  readonly #limits: SessionLimits
  readonly #events: SessionEvents
  readonly #watchdog: NodeJS.Timeout
  #phase: Phase = 'greeting'
  #devices: readonly Device[] = []
  #lastHeardMs = performance.now()
  /** The desired state last sent, and the one that waits for it to be written. */
  #sent: DesiredContent | undefined
  #next: { readonly revision: number; readonly content: DesiredContent } | undefined
  #writingSinceMs: number | undefined

  constructor(
    control: Control,
    stream: GatewayStream,
    limits: SessionLimits,
    events: SessionEvents,
  ) {
    this.#control = control
    this.#stream = stream
    this.#limits = limits
    this.#events = events
    this.#watchdog = setInterval(() => this.#watch(), limits.heartbeatIntervalMs)
    stream.on('data', (message) => {
      stream.pause()
      void this.#take(message).finally(() => stream.resume())
    })
    for (const event of ['end', 'cancelled', 'close', 'error'] as const)
      stream.on(event, () => this.end())
  }

  isOpen(): boolean {
    return this.#phase === 'open'
  }

  /** Tells the gateway, unless it was told the same. */
  offer(revision: number, content: DesiredContent): void {
    if (this.#phase !== 'open') return
    this.#next = { revision, content }
    this.#sendNext()
  }

  refuse({ code, message: reason }: Refusal): void {
    if (this.#phase === 'ended') return
    this.#control.log.warn({ node: this.nodeName || undefined, code }, `session refused: ${reason}`)
    this.#write({ refused: { code, reason } })
    this.end()
  }

  end(): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    clearInterval(this.#watchdog)
    this.#next = undefined
    this.#stream.end()
    this.#events.ended(this)
  }

  async #take(message: FromGateway): Promise<void> {
    try {
      this.#lastHeardMs = performance.now()
      if (this.#phase === 'greeting') await this.#greet(message)
      else if (this.#phase === 'open') await this.#hear(message)
    } catch (error) {
      if (!(error instanceof Refusal))
        this.#control.log.error(error, `the session of node ${this.nodeName} failed`)
      this.refuse(
        error instanceof Refusal
          ? error
          : new Refusal('INTERNAL', 'Control failed; its log says how.'),
      )
    }
  }

  async #greet({ hello }: FromGateway): Promise<void> {
    if (!hello) throw new Refusal('PROTOCOL', 'The first message of a session has to be Hello.')
    checkHello(this.#control.cell, hello)
    this.nodeName = hello.nodeName
    this.incarnation = hello.incarnation
    this.#events.admit(this)
    this.#phase = 'registering'
    const node = await registerNode(this.#control, hello)
    // The stream may have ended meanwhile, or a newer one have taken its place.
    if (this.#phase === 'registering') this.#open(node)
  }

  #open({ name, number, rack, devices, controllerIds }: Node): void {
    this.#phase = 'open'
    this.#devices = devices
    this.#control.fleet.connected(name, this.incarnation, devices)
    this.#control.log.info({ node: name, rack, incarnation: this.incarnation }, 'session opened')
    this.#write({
      welcome: {
        contractVersion,
        heartbeatIntervalMs: this.#limits.heartbeatIntervalMs,
        controllerIdFirst: controllerIds.first,
        controllerIdLast: controllerIds.last,
        cellId: this.#control.cell.id,
        nodeNumber: number,
      },
    })
    this.#events.opened(this)
  }

  async #hear({ heartbeat, observed, event, report, hello }: FromGateway): Promise<void> {
    const { fleet, log } = this.#control
    if (hello) throw new Refusal('PROTOCOL', 'Hello came twice in one session.')
    if (heartbeat) {
      await this.#hearDevices(heartbeat.devices)
      fleet.heartbeat(this.nodeName, heartbeat.devices, heartbeat.hostConnections)
    }
    if (observed) fleet.observed(this.nodeName, observed)
    if (report) this.#hearReport(report)
    if (event) {
      const { kind, volumeId, text } = event
      const volume = volumeId === 0 ? {} : { volumeNumber: volumeId }
      log.warn({ node: this.nodeName, kind, ...volume }, text)
    }
  }

  #hearReport(report: GroupReport): void {
    if (report.kind === 'BEHIND') {
      // What it was told got lost on its way, or is on it: telling all of it again does no harm.
      this.#sent = undefined
      this.#events.opened(this)
    } else this.#control.fleet.report(this.nodeName, report)
  }

  async #hearDevices(devices: readonly DeviceMessage[]): Promise<void> {
    if (devices.length === 0) return
    if (!isDeepStrictEqual(lastingOf(devices), lastingOf(this.#devices))) {
      checkDevices(devices)
      if (!(await this.#remember(devices))) return
    }
    this.#devices = devices
  }

  /** False while the metadata store does not answer: the next heartbeat says the same again. */
  async #remember(devices: readonly DeviceMessage[]): Promise<boolean> {
    try {
      await registerDevices(this.#control, this.nodeName, devices)
      return true
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      this.#control.log.warn(error, `the devices of ${this.nodeName} could not be remembered yet`)
      return false
    }
  }

  #sendNext(): void {
    const next = this.#next
    if (!next || this.#writingSinceMs !== undefined) return
    this.#next = undefined
    if (this.#sent && isDeepStrictEqual(this.#sent, next.content)) return
    this.#sent = next.content
    const { detachingIds: _, ...told } = next.content
    const desired: Desired = { revision: next.revision, ...told }
    this.#writingSinceMs = performance.now()
    this.#write({ desired }, () => {
      this.#writingSinceMs = undefined
      this.#sendNext()
    })
  }

  #write(message: ToGateway, written = () => {}): void {
    this.#stream.write(message, written)
  }

  #watch(): void {
    const now = performance.now()
    const { goneAfterMs } = this.#limits
    const silent = now - this.#lastHeardMs >= goneAfterMs
    const slow = now - (this.#writingSinceMs ?? now) >= goneAfterMs
    if (!silent && !slow) return
    const what = silent ? 'says nothing' : 'does not read'
    this.#control.log.warn(
      { node: this.nodeName || undefined },
      `a session is dropped: its gateway ${what} any more`,
    )
    this.end()
  }
}
