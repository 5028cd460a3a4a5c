/**
 * What the engine says happened: a line on the log, and an event for control when it should know.
 */
import type { Logger } from 'pino'
import type { GatewayEvent } from '../control/contract/messages.ts'
import type { EngineEvent } from '../native-rdma/index.js'
import type { GroupEvent } from './group-reports.ts'

/** Those of groups go to control in a form of their own. */
export type ToldEvent = Exclude<EngineEvent, GroupEvent>

export interface EventQueue {
  add(event: GatewayEvent): void
  /** Hands on what waits, oldest first, for as long as `send` takes it. */
  drain(send: (event: GatewayEvent) => boolean): void
}

/** Keeps the newest `most` while there is no session, and says how many it had to drop. */
export function createEventQueue(most = 256): EventQueue {
  let waiting: GatewayEvent[] = []
  let dropped = 0
  return {
    add(event) {
      waiting.push(event)
      if (waiting.length <= most) return
      waiting.shift()
      dropped += 1
    },
    drain(send) {
      if (dropped > 0) {
        const text = `${dropped} events came faster than control took them and were dropped.`
        if (!send({ kind: 'events-dropped', text, volumeId: 0 })) return
        dropped = 0
      }
      const untaken = waiting.findIndex((event) => !send(event))
      waiting = untaken === -1 ? [] : waiting.slice(untaken)
    },
  }
}

/** Writes the event on the log; the answer is what control is told, if it is. */
export function logEvent(event: ToldEvent, log: Logger): GatewayEvent | undefined {
  const text = describeEvent(event)
  log[levelOf(event)]({ event: event.kind }, text)
  if (event.kind === 'recovery') return undefined
  return { kind: event.kind, text, volumeId: 'volumeId' in event ? Number(event.volumeId) : 0 }
}

function levelOf(event: ToldEvent): 'debug' | 'info' | 'warn' | 'error' {
  switch (event.kind) {
    case 'device-failed':
    case 'checksum-error':
      return 'error'
    case 'events-dropped':
      return 'warn'
    case 'recovery':
      return event.segmentsDone === event.segmentsTotal ? 'info' : 'debug'
    case 'host-connected':
    case 'host-disconnected':
      return 'info'
  }
}

function describeEvent(event: ToldEvent): string {
  switch (event.kind) {
    case 'recovery':
      return (
        `${event.device}: ${event.segmentsDone} of ${event.segmentsTotal} segments read back, ` +
        `${event.batchesReplayed} batches replayed, ${event.blocksLive} blocks live.`
      )
    case 'device-failed':
      return `${event.device} failed (errno ${event.errno}): its volumes refuse what hosts ask for.`
    case 'checksum-error':
      return `Block ${event.block} of volume ${event.volumeId} came back damaged from its device.`
    case 'host-connected':
      return `${event.hostNqn} connected to ${nameOf(event)}.`
    case 'host-disconnected':
      return `${event.hostNqn} left ${nameOf(event)}: ${event.reason}.`
    case 'events-dropped':
      return `The engine dropped ${event.count} events: they came too fast.`
  }
}

function nameOf(event: { readonly subsystemNqn: string; readonly controllerId: number }): string {
  return `${event.subsystemNqn} (controller ${event.controllerId})`
}
