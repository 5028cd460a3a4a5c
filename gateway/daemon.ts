/**
 * The gateway, put together: what it remembers, its session with control, the engine, and the loop
 * that makes the engine have what control wants.
 *
 * The order of a start matters. A host that reconnects must find its volume, or it gives up for
 * good: so the ports open only when the first desired state has been tried. That may be the saved
 * one, with control away.
 */
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import {
  contractVersion,
  type Desired,
  type DeviceMessage,
  type Hello,
  type Observed,
  type ScrubDesired,
  type Welcome,
} from '../control/contract/messages.ts'
import type { Engine, EngineEvent } from '../native-rdma/index.js'
import { checkPorts } from './check-ports.ts'
import { choosePeerPort } from './choose-port.ts'
import {
  advertisedAddress,
  advertisedPeerAddress,
  type GatewayConfig,
  peerAddress,
} from './config.ts'
import { createDesiredInbox, type DesiredInbox } from './desired-inbox.ts'
import { createEventQueue, logEvent } from './events.ts'
import { GatewayFailure } from './failure.ts'
import { createGroupReports, type GroupReports, isGroupEvent } from './group-reports.ts'
import { type Metrics, serveMetrics } from './metrics.ts'
import { countConnections, observeDevices, observeGroups } from './observe.ts'
import { createReconciler, type Reconciler } from './reconcile/reconciler.ts'
import { createReporter, type Reporter } from './reporter.ts'
import { readSavedDesired, saveDesired } from './saved-desired.ts'
import { openScrubs, type Scrubs } from './scrub/scrubs.ts'
import { openSession, type Session } from './session/session.ts'
import { joinCell, listen, type OpenEngine, startEngine } from './start-engine.ts'
import { type Identity, keepIdentity, readIdentity } from './state.ts'
import { softwareVersion } from './version.ts'
import { type GroupWatch, watchGroups } from './watch-groups.ts'
import { withTimeout } from './with-timeout.ts'

export interface DaemonOptions {
  readonly open: OpenEngine
  readonly counterNames: readonly string[]
  readonly log: Logger
  /** Aborted to end the daemon. */
  readonly stop: AbortSignal
  /** Called once hosts are served. */
  readonly ready?: () => void
  readonly backOff?: { readonly firstMs: number; readonly maxMs: number }
}

/** Volumes that take longer are attached behind open ports: the others do not wait for them. */
const firstStepsLimitMs = 20_000
const lastStepsLimitMs = 3_000

/** Runs until `stop`; rejects with a GatewayFailure when it cannot run. */
export async function runDaemon(config: GatewayConfig, options: DaemonOptions): Promise<void> {
  const { log, stop } = options
  const stopped = new Promise<void>((resolve) => {
    if (stop.aborted) resolve()
    else stop.addEventListener('abort', () => resolve(), { once: true })
  })
  await checkPorts(config)
  const gateway = new Gateway(config, await choosePeerPort(config), options)
  try {
    await Promise.race([gateway.serve(), stopped])
    if (!stop.aborted) options.ready?.()
    await stopped
    log.info('stopping: finishing what hosts have asked for')
  } finally {
    await gateway.close()
  }
}

class Gateway {
  readonly #config: GatewayConfig
  readonly #peerPort: number
  readonly #options: DaemonOptions
  readonly #known: Identity | undefined
  /** The cell it is in: as remembered, or else the first that welcomes it. */
  #cellId: string | undefined
  /** Its number there, likewise. */
  #nodeNumber: number | undefined
  readonly #incarnation = randomUUID()
  readonly #inbox: DesiredInbox
  readonly #session: Session
  readonly #reporter: Reporter
  readonly #reports: GroupReports
  readonly #firstWelcome: Promise<Welcome>
  #opening: Promise<Engine> | undefined
  #engine: Engine | undefined
  #reconciler: Reconciler | undefined
  #scrubs: Scrubs | undefined
  #groupWatch: GroupWatch | undefined
  #metrics: Metrics | undefined
  #wantedScrub: ScrubDesired | null = null
  #isServing = false
  #isClosing = false

  constructor(config: GatewayConfig, peerPort: number, options: DaemonOptions) {
    const { log, backOff } = options
    this.#config = config
    this.#peerPort = peerPort
    this.#options = options
    this.#known = readIdentity(config)
    this.#cellId = this.#known?.cellId
    this.#nodeNumber = this.#known?.nodeNumber
    this.#inbox = createDesiredInbox({
      saved: readSaved(config, log),
      save: (desired) => saveDesired(config.stateFolder, desired),
      failed: (text) => {
        log.error(text)
        this.#reporter.event({ kind: 'state-not-saved', text, volumeId: 0 })
      },
      log,
    })
    let welcomed: (welcome: Welcome) => void
    this.#firstWelcome = new Promise((resolve) => {
      welcomed = resolve
    })
    this.#session = openSession({
      addresses: config.control.addresses,
      handlers: {
        hello: () => this.#hello(),
        welcomed: (welcome) => {
          const mistake = this.#checkIdentity(welcome)
          if (!mistake) welcomed(welcome)
          return mistake
        },
        opened: () => this.#reporter.opened(),
        desired: (desired) => {
          this.#wantedScrub = desired.scrub
          this.#scrubs?.want(desired.scrub)
          // A group that changes hands waits for no disk: members make epochs durable themselves.
          if (this.#inbox.take(desired)) this.#reconciler?.wantMembership(desired)
        },
        heartbeat: () => this.#reporter.heartbeat(),
      },
      log,
      ...(backOff ? { backOff } : {}),
    })
    this.#reporter = createReporter({
      send: this.#session.send,
      observe: () => this.#observe(),
      devices: () => this.#devices(),
      hostConnections: () => this.#engine?.connections().length ?? 0,
      events: createEventQueue(),
    })
    const { send, isOpen } = this.#session
    this.#reports = createGroupReports({ send, isOpen, log })
  }

  /** Resolves once hosts are served. */
  async serve(): Promise<void> {
    const { log } = this.#options
    await this.#serveMetrics()
    if (!this.#known) log.info('first start: waiting for control to take this gateway in')
    const engine = await this.#openEngine()
    if (!engine || this.#isClosing) return
    const reconciler = createReconciler({
      engine,
      extentBytes: this.#config.engine.extentBytes,
      changed: () => this.#reporter.changed(),
      failed: (text) => {
        log.error(text)
        this.#reporter.event({ kind: 'groups-not-set', text, volumeId: 0 })
      },
    })
    this.#reconciler = reconciler
    await this.#inbox.deliverTo((desired) => reconciler.want(desired))
    await withTimeout(reconciler.settled(), firstStepsLimitMs)
    if (this.#isClosing) return
    await listen(engine, this.#config)
    this.#isServing = true
    this.#scrubs = this.#openScrubs(engine)
    this.#groupWatch = watchGroups(engine, () => this.#reporter.changed(), log)
    this.#reporter.changed()
    const { ioPort, discoveryPort } = this.#config.hosts
    const address = advertisedAddress(this.#config)
    log.info(`serving hosts at ${address}:${ioPort}, discovery at ${address}:${discoveryPort}`)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#inbox.close()
    this.#groupWatch?.close()
    this.#reports.close()
    this.#reporter.close()
    this.#session.close()
    await this.#scrubs?.close()
    if (this.#reconciler) await withTimeout(this.#reconciler.close(), lastStepsLimitMs)
    await this.#metrics?.close()
    // An engine that is still reading its stores back has to finish before it can close.
    const engine = await this.#opening?.catch(() => undefined)
    this.#engine = undefined
    await engine?.close()
  }

  #openScrubs(engine: Engine): Scrubs {
    const { stateFolder, scrub } = this.#config
    const scrubs = openScrubs({
      engine,
      folder: stateFolder,
      intervalMs: scrub.intervalHours * 3_600_000,
      bytesPerSecond: scrub.bytesPerSecond,
      log: this.#options.log,
      changed: () => this.#reporter.heartbeat(),
    })
    scrubs.want(this.#wantedScrub)
    return scrubs
  }

  async #serveMetrics(): Promise<void> {
    const { metrics } = this.#config
    if (!metrics) return
    this.#metrics = await serveMetrics({
      ...metrics,
      counterNames: this.#options.counterNames,
      engine: () => this.#engine,
      devices: () => this.#devices(),
      isServing: () => this.#isServing,
      hasSession: () => this.#session.isOpen(),
    })
  }

  /** Undefined when the gateway was closed meanwhile. */
  async #openEngine(): Promise<Engine | undefined> {
    const { open, log } = this.#options
    const { cellId, controllerIds, nodeNumber } = await this.#grant()
    if (this.#isClosing) return undefined
    this.#opening = startEngine(open, this.#config, controllerIds, (event) => this.#on(event), log)
    const engine = await this.#opening
    const devices = engine.devices()
    const found = { cellId, controllerIds, nodeNumber, devices }
    await keepIdentity(this.#config, this.#known, found)
    const identity = { cellId, nodeId: nodeNumber, incarnation: this.#incarnation }
    await joinCell(engine, identity, { address: peerAddress(this.#config), port: this.#peerPort })
    this.#engine = engine
    // Control learns which stores were formatted before it is told of any volume on them.
    this.#reporter.heartbeat()
    return engine
  }

  /** As remembered; without a number, as before nodes had any, it waits as at a first start. */
  async #grant() {
    const { nodeNumber } = this.#known ?? {}
    if (this.#known && nodeNumber !== undefined) return { ...this.#known, nodeNumber }
    const { controllerIdFirst: first, controllerIdLast: last, ...given } = await this.#firstWelcome
    return { ...given, controllerIds: { first, last } }
  }

  #hello(): Hello {
    const { node, hosts, engine } = this.#config
    const address = advertisedAddress(this.#config)
    const devices = this.#devices()
    return {
      contractVersion,
      nodeName: node.name,
      incarnation: this.#incarnation,
      rack: node.rack,
      zone: node.zone,
      softwareVersion,
      io: { address, port: hosts.ioPort },
      discovery: { address, port: hosts.discoveryPort },
      extentBytes: engine.extentBytes,
      devices,
      storeIds: this.#known?.storeIds ?? devices.map((device) => device.storeId),
      cellId: this.#cellId ?? '',
      peer: { address: advertisedPeerAddress(this.#config), port: this.#peerPort },
    }
  }

  #checkIdentity({ cellId, nodeNumber }: Welcome): string | undefined {
    this.#cellId ??= cellId
    if (this.#cellId !== cellId)
      return `this gateway began in cell ${this.#cellId}, but control belongs to cell ${cellId}`
    if (nodeNumber < 1) return 'control gave this gateway no number: is it of an older release?'
    this.#nodeNumber ??= nodeNumber
    if (this.#nodeNumber === nodeNumber) return undefined
    return `this gateway is node ${this.#nodeNumber}, but control knows it as node ${nodeNumber}`
  }

  #devices(): DeviceMessage[] {
    const scrubs = this.#scrubs
    return this.#engine ? observeDevices(this.#engine, (device) => scrubs?.of(device) ?? null) : []
  }

  #observe(): Observed | undefined {
    const revision = this.#inbox.revision()
    if (!this.#isServing || !this.#engine || !this.#reconciler || revision === undefined)
      return undefined
    return {
      revision,
      volumes: this.#reconciler.observed(countConnections(this.#engine)),
      groups: observeGroups(this.#engine),
    }
  }

  #on(event: EngineEvent): void {
    if (isGroupEvent(event)) {
      this.#reports.take(event)
      return
    }
    const told = logEvent(event, this.#options.log)
    if (told) this.#reporter.event(told)
    if (event.kind === 'device-failed') this.#reporter.heartbeat()
    this.#reporter.changed()
  }
}

/** It is only a copy of what control knows: without it the gateway waits for control. */
function readSaved(config: GatewayConfig, log: Logger): Desired | undefined {
  try {
    return readSavedDesired(config.stateFolder)
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error
    log.error(`${error.message} Nothing is served until control answers.`)
    return undefined
  }
}
