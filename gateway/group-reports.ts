/**
 * What members of placement groups have to say for their groups to go on, handed to control.
 *
 * Nothing is kept while there is no session: the engine says again each second what is still true,
 * and what is not true any more must not be said.
 */
import type { Logger } from 'pino'
import type { FromGateway, GroupReport } from '../control/contract/messages.ts'
import type { EngineEvent } from '../native-rdma/index.js'

export type GroupEvent = Extract<EngineEvent, { readonly pg: number }>

export interface GroupReports {
  take(event: GroupEvent): void
}

export interface GroupReportsOptions {
  send(message: FromGateway): boolean
  readonly log: Logger
}

export function isGroupEvent(event: EngineEvent): event is GroupEvent {
  return 'pg' in event
}

export function createGroupReports({ send, log }: GroupReportsOptions): GroupReports {
  /** What the log says of each group already. */
  const said = new Map<number, string>()
  return {
    take(event) {
      const report = toReport(event)
      const text = describe(event)
      const isNew = said.get(event.pg) !== text
      said.set(event.pg, text)
      log[isNew ? 'info' : 'debug']({ event: event.kind, report }, text)
      send({ report })
    },
  }
}

function toReport(event: GroupEvent): GroupReport {
  const { pg: group, epoch } = event
  const bare = { group, epoch, node: 0, reason: '' }
  switch (event.kind) {
    case 'group-suspect':
      return { ...bare, kind: 'SUSPECT', node: event.nodeId, reason: event.reason }
    case 'group-level':
      return { ...bare, kind: 'LEVEL', node: event.nodeId }
    case 'group-wants-epoch':
      return { ...bare, kind: 'WANTS_EPOCH' }
    case 'group-behind':
      return { ...bare, kind: 'BEHIND' }
  }
}

const why = {
  silent: 'has not been heard',
  unreachable: 'cannot be reached',
  'store-failed': 'says that its store failed',
} as const

function describe(event: GroupEvent): string {
  const group = `Group ${event.pg}, epoch ${event.epoch}`
  switch (event.kind) {
    case 'group-suspect':
      return `${group}: node ${event.nodeId} ${why[event.reason]}.`
    case 'group-level':
      return `${group}: node ${event.nodeId} has everything.`
    case 'group-wants-epoch':
      return `${group}: needs a newer configuration to be served from here.`
    case 'group-behind':
      return `${group} is known elsewhere, and not here.`
  }
}
