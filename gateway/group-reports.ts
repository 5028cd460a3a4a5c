/**
 * What members of placement groups have to say for their groups to go on, handed to control.
 *
 * A node that is lost is many groups' loss at once, more than a session takes in one turn: the rest
 * waits. Nothing waits without a session: the engine says again each second what is still true, and
 * what is not true any more must not be said.
 */
import type { Logger } from 'pino'
import type { FromGateway, GroupReport } from '../control/contract/messages.ts'
import type { EngineEvent } from '../native-rdma/index.js'

export type GroupEvent = Extract<EngineEvent, { readonly pg: number }>

export interface GroupReports {
  take(event: GroupEvent): void
  close(): void
}

export interface GroupReportsOptions {
  /** False also while control does not read fast enough. */
  send(message: FromGateway): boolean
  isOpen(): boolean
  readonly log: Logger
}

export function isGroupEvent(event: EngineEvent): event is GroupEvent {
  return 'pg' in event
}

const retryMs = 2

export function createGroupReports(options: GroupReportsOptions): GroupReports {
  const { send, isOpen, log } = options
  /** In their order; what is said again takes the place of what was said. */
  const waiting = new Map<string, GroupReport>()
  let timer: NodeJS.Timeout | undefined
  const hand = () => {
    timer = undefined
    if (!isOpen()) waiting.clear()
    for (const [key, report] of waiting) {
      if (!send({ report })) break
      waiting.delete(key)
    }
    if (waiting.size > 0) timer = setTimeout(hand, retryMs)
  }
  /** What the log says of each group already. */
  const said = new Map<number, string>()
  return {
    take(event) {
      const report = toReport(event)
      const text = describe(event)
      const isNew = said.get(event.pg) !== text
      said.set(event.pg, text)
      log[isNew ? 'info' : 'debug']({ event: event.kind, report }, text)
      waiting.set(`${report.kind} ${report.group} ${report.node}`, report)
      if (timer === undefined) hand()
    },
    close: () => clearTimeout(timer),
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
