/** Puts a control process together, and takes it apart again in the reverse order. */
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { Logger } from 'pino'
import type { ControlConfig } from './config.ts'
import type { Control } from './control.ts'
import { createGroupNotes } from './groups/group-notes.ts'
import { startKeepGroups } from './groups/keep-groups.ts'
import { createApi } from './http/api.ts'
import { createInTurn } from './in-turn.ts'
import { startForgetAnswers } from './jobs/forget-answers.ts'
import { createElection } from './leader/election.ts'
import { fencedStore } from './leader/fenced-store.ts'
import { alwaysLeads } from './leader/leadership.ts'
import { openMetadata } from './metadata/open-metadata.ts'
import { openCell } from './model/cell.ts'
import { openMirror } from './model/mirror.ts'
import { startReconcile } from './reconcile/reconcile.ts'
import { createFleet } from './session/fleet.ts'
import { startSessionServer } from './session/server.ts'
import { StartError } from './start-error.ts'

export interface ControlApp {
  /** Where the REST API answers, as a URL. */
  readonly url: string
  readonly sessionPort: number
  close(): Promise<void>
}

export async function startControl(config: ControlConfig, log: Logger): Promise<ControlApp> {
  const closers: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse())
      await closer().catch((error: unknown) => log.error(error, 'closing failed'))
  }
  try {
    const parts = await start(config, log, (closer) => closers.push(closer))
    return { ...parts, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(
  config: ControlConfig,
  log: Logger,
  onClose: (closer: () => Promise<unknown>) => void,
) {
  const store = await openMetadata(config.metadata)
  onClose(() => store.close())
  const limits = {
    heartbeatIntervalMs: config.health.heartbeatMs,
    silentAfterMs: config.health.silentMs,
    goneAfterMs: config.health.goneMs,
  }
  const cell = await openCell(store, config.cell)
  const mirror = await openMirror(store, log)
  onClose(mirror.close.bind(mirror))
  const { etcd } = config.metadata
  const election =
    etcd &&
    createElection({ store, log, leaseMs: etcd.leaseMs, seenRevision: () => mirror.revision() })
  const leadership = election ?? alwaysLeads
  const fleet = createFleet(limits)
  leadership.onChange(() => {
    if (leadership.leads()) fleet.reset()
  })
  const control: Control = {
    store,
    cell,
    fleet,
    mirror,
    groupNotes: createGroupNotes(),
    leadership,
    log,
    inTurn: createInTurn(),
  }
  // What a request writes is decided by what it compares; what a leader decides, also by who leads.
  const leading: Control = { ...control, store: fencedStore(store, leadership) }
  onClose(startForgetAnswers(leading).close)
  onClose(startReconcile(leading, mirror).close)
  const keep = { ...config.repair, rebuildDelayMs: config.repair.delayMs }
  onClose(startKeepGroups(leading, { ...keep, awayAfterMs: config.health.silentMs }).close)
  const sessions = await startSessionServer(leading, mirror, { ...config.sessions, limits }).catch(
    (error: Error) => {
      throw StartError.listening(error, config.sessions, 'sessions')
    },
  )
  onClose(sessions.close)
  const api = await createApi(control, mirror, {
    version: readVersion(),
    requestsPerSecond: config.requestsPerSecond,
  })
  onClose(() => api.close())
  const { address, port } = config.api
  const url = await api
    .listen({ host: address, port, listenTextResolver: (at) => `the REST API listens at ${at}` })
    .catch((error: Error) => {
      throw StartError.listening(error, config.api, 'api')
    })
  if (election) {
    election.start(config.api.advertisedAddress ? advertise(config.api, url) : url)
    onClose(() => election.close())
  }
  return { url, sessionPort: sessions.port }
}

function advertise({ advertisedAddress = '' }: ControlConfig['api'], url: string): string {
  const host = isIPv6(advertisedAddress) ? `[${advertisedAddress}]` : advertisedAddress
  return `http://${host}:${new URL(url).port}`
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
