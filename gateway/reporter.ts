/** Tells control what is true here: gathered for a moment when much changes, whole each time. */
import type {
  DeviceMessage,
  FromGateway,
  GatewayEvent,
  Observed,
} from '../control/contract/messages.ts'
import type { EventQueue } from './events.ts'

export interface Reporter {
  /** What observe() says may have changed. */
  changed(): void
  event(event: GatewayEvent): void
  heartbeat(): void
  /** A new session knows nothing: everything is said again. */
  opened(): void
  close(): void
}

export interface ReporterOptions {
  send(message: FromGateway): boolean
  /** Undefined until hosts are served: control would take it for the truth about hosts. */
  observe(): Observed | undefined
  devices(): readonly DeviceMessage[]
  hostConnections(): number
  readonly events: EventQueue
}

/** Attaching a thousand volumes changes the whole a thousand times; control is told a few times. */
const gatherMs = 20

export function createReporter(options: ReporterOptions): Reporter {
  const { send, observe, devices, hostConnections, events } = options
  let sequence = 0
  let unsaid = false
  let timer: NodeJS.Timeout | undefined

  const report = () => {
    timer = undefined
    const observed = observe()
    if (observed && send({ observed })) unsaid = false
  }
  const changed = () => {
    unsaid = true
    timer ??= setTimeout(report, gatherMs)
  }
  const drain = () => events.drain((event) => send({ event }))
  const heartbeat = () => {
    sequence += 1
    send({ heartbeat: { sequence, devices: devices(), hostConnections: hostConnections() } })
    drain()
    // What did not get through when it changed, for want of a session or of room.
    if (unsaid) changed()
  }
  return {
    changed,
    event(event) {
      events.add(event)
      drain()
    },
    heartbeat,
    opened() {
      heartbeat()
      changed()
    },
    close: () => clearTimeout(timer),
  }
}
