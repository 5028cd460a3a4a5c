/** Puts a control process together, and takes it apart again in the reverse order. */
import { mkdirSync, readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { ControlConfig } from './config.ts'
import type { Control } from './control.ts'
import { createApi } from './http/api.ts'
import { createInTurn } from './in-turn.ts'
import { startForgetAnswers } from './jobs/forget-answers.ts'
import { openLmdbStore } from './metadata/lmdb.ts'
import { lockFolder } from './metadata/lock-folder.ts'
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
  const { folder } = config.metadata
  const store = await openStore(folder, onClose)
  const limits = {
    heartbeatIntervalMs: config.health.heartbeatMs,
    silentAfterMs: config.health.silentMs,
    goneAfterMs: config.health.goneMs,
  }
  const control: Control = {
    store,
    cell: await openCell(store, config.cell),
    fleet: createFleet(limits),
    log,
    inTurn: createInTurn(),
  }
  const mirror = await openMirror(store, log)
  onClose(mirror.close.bind(mirror))
  onClose(startForgetAnswers(store, log).close)
  onClose(startReconcile(control, mirror).close)
  const sessions = await startSessionServer(control, mirror, { ...config.sessions, limits }).catch(
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
  return { url, sessionPort: sessions.port }
}

async function openStore(folder: string, onClose: (closer: () => Promise<unknown>) => void) {
  try {
    mkdirSync(folder, { recursive: true })
    const lock = await lockFolder(folder)
    onClose(lock.release)
    const store = openLmdbStore({ path: folder })
    onClose(() => store.close())
    return store
  } catch (error) {
    throw StartError.opening(error as Error, folder)
  }
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
