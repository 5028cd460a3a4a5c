/**
 * A control process's insides in one test: store, mirror, reconcile, sessions and API, ports chosen
 * by the kernel.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import type { Control } from '../../../control/control.ts'
import { createGroupNotes } from '../../../control/groups/group-notes.ts'
import { type KeepSettings, startKeepGroups } from '../../../control/groups/keep-groups.ts'
import { type Api, createApi } from '../../../control/http/api.ts'
import type { ProblemBody } from '../../../control/http/schemas/problem.ts'
import { createInTurn } from '../../../control/in-turn.ts'
import { alwaysLeads } from '../../../control/leader/leadership.ts'
import { openLmdbStore } from '../../../control/metadata/lmdb.ts'
import type { MetadataStore } from '../../../control/metadata/metadata.ts'
import { type CellSettings, openCell } from '../../../control/model/cell.ts'
import { type Mirror, openMirror } from '../../../control/model/mirror.ts'
import { startReconcile } from '../../../control/reconcile/reconcile.ts'
import { createFleet } from '../../../control/session/fleet.ts'
import type { SessionLimits } from '../../../control/session/gateway-session.ts'
import { startSessionServer } from '../../../control/session/server.ts'
import { FakeGateway, type FakeGatewayOptions } from './fake-gateway.ts'

export const MiB = 2 ** 20
export const GiB = 2 ** 30
export const hostNqn = 'nqn.2014-08.org.nvmexpress:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427'

export const cellSettings: CellSettings = {
  name: 'test',
  extentBytes: 64 * MiB,
  nqnPrefix: 'nqn.2026-01.io.ashlar',
  copies: 1,
  placementGroupsPerNode: 16,
  volumeWidth: 4,
  overcommit: 1,
  controllerIdsPerNode: 256,
}

export const limits: SessionLimits = {
  heartbeatIntervalMs: 100,
  silentAfterMs: 10_000,
  goneAfterMs: 60_000,
}

export const keepSettings: KeepSettings = {
  awayAfterMs: 10_000,
  settleMs: 100,
  rebuildDelayMs: 600_000,
  joiningMax: 64,
  fullPercent: 85,
}

export const silentLog = pino({ level: 'silent' })

const folders: string[] = []
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder that goes when the test's process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-control-'))
  folders.push(folder)
  return folder
}

export interface BareRig {
  readonly control: Control
  readonly store: MetadataStore
  close(): Promise<void>
}

/** A store with a cell, and a fleet with nobody in it; `now` is the fleet's clock. */
export async function createBareRig(
  settings: Partial<CellSettings> = {},
  now?: () => number,
): Promise<BareRig> {
  const store = openLmdbStore({ path: temporaryFolder() })
  const mirror = await openMirror(store, silentLog)
  const control: Control = {
    store,
    cell: await openCell(store, { ...cellSettings, ...settings }),
    fleet: createFleet(limits, now),
    mirror,
    groupNotes: createGroupNotes(),
    leadership: alwaysLeads,
    log: silentLog,
    inTurn: createInTurn(),
  }
  const close = async () => {
    await mirror.close()
    await store.close()
  }
  return { control, store, close }
}

export interface Answer<T> {
  readonly status: number
  readonly body: T
  readonly headers: Readonly<Record<string, unknown>>
}

export interface Rig extends BareRig {
  readonly api: Api
  readonly mirror: Mirror
  readonly sessionPort: number
  gateway(options?: Partial<FakeGatewayOptions>): Promise<FakeGateway>
  send<T>(
    method: string,
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<T>>
  /** Sends what has to be refused. */
  refused(method: string, url: string, body?: unknown): Promise<ProblemBody>
}

export async function createRig(
  settings: Partial<CellSettings> = {},
  now?: () => number,
): Promise<Rig> {
  const bare = await createBareRig(settings, now)
  const { control } = bare
  const { mirror } = control
  const reconcile = startReconcile(control, mirror)
  const keepGroups = startKeepGroups(control, keepSettings)
  const sessions = await startSessionServer(control, mirror, {
    address: '127.0.0.1',
    port: 0,
    limits,
  })
  const api = await createApi(control, mirror, { version: '0.0.0', requestsPerSecond: 100_000 })
  const gateways: FakeGateway[] = []
  const rig: Rig = {
    ...bare,
    api,
    mirror,
    sessionPort: sessions.port,
    async gateway(options = {}) {
      const gateway = new FakeGateway(`127.0.0.1:${sessions.port}`, {
        name: `n${gateways.length + 1}`,
        rack: `r${gateways.length + 1}`,
        capacityBytes: 100 * GiB,
        extentBytes: control.cell.extentBytes,
        ...options,
      })
      gateways.push(gateway)
      await gateway.opened
      return gateway
    },
    async send(method, url, body, headers = {}) {
      const response = await api.inject({
        method: method as 'GET',
        url,
        headers,
        ...(body === undefined ? {} : { payload: body as object }),
      })
      return {
        status: response.statusCode,
        body: response.body === '' ? undefined : JSON.parse(response.body),
        headers: response.headers,
      }
    },
    async refused(method, url, body) {
      const answer = await rig.send<ProblemBody>(method, url, body)
      if (!String(answer.headers['content-type']).startsWith('application/problem+json'))
        throw new Error(`${method} ${url} was answered ${answer.status}, not refused`)
      return answer.body
    },
    async close() {
      for (const gateway of gateways) gateway.close()
      await api.close()
      await sessions.close()
      await keepGroups.close()
      await reconcile.close()
      await bare.close()
    },
  }
  return rig
}

/** Asks until `isDone` says so; fails with `what` when that takes too long. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  isDone: (value: T) => boolean,
  what = 'it',
): Promise<T> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const value = await ask()
    if (isDone(value)) return value
    if (performance.now() > deadline)
      throw new Error(`${what} never came to be; last was ${JSON.stringify(value)}`)
    await delay(10)
  }
}
