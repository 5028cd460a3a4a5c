/**
 * The gateway's session with control: a stream, opened again and again for as long as the gateway
 * runs.
 *
 *   waiting ──▶ streaming ──▶ waiting      longer each time until control welcomes it
 *                 ▲    └─ next address ─┘   at once, until all have been tried
 *
 * Of several control processes one leads, and only that one welcomes gateways.
 *
 * Nothing here stops a gateway from serving: with control away it goes on with what it was told.
 */
import type { Logger } from 'pino'
import type { Desired, FromGateway, Hello, Welcome } from '../../control/contract/messages.ts'
import { createBackOff } from './back-off.ts'
import { openStream, type Stream } from './stream.ts'

export interface SessionHandlers {
  /** What to say first; asked for at each opening. */
  hello(): Hello
  /** Answers why the gateway cannot take it, as a sentence; the session is then over. */
  welcomed(welcome: Welcome): string | undefined
  /** From now on send() works. */
  opened(): void
  desired(desired: Desired): void
  /** At the interval that control asked for. */
  heartbeat(): void
}

export interface Session {
  /** False when there is no session, or when control does not read fast enough. */
  send(message: FromGateway): boolean
  isOpen(): boolean
  close(): void
}

export interface SessionOptions {
  /** host:port of each control process, tried in turn. */
  readonly addresses: readonly string[]
  readonly handlers: SessionHandlers
  readonly log: Logger
  readonly backOff?: { readonly firstMs: number; readonly maxMs: number }
}

const heartbeatLimitsMs = { min: 100, max: 60_000 }
const defaultBackOff = { firstMs: 200, maxMs: 2000 }

export function openSession({ addresses, handlers, log, ...options }: SessionOptions): Session {
  const backOff = createBackOff(options.backOff ?? defaultBackOff)
  let attempts = 0
  /** Addresses tried since the last wait. */
  let triedInRound = 0
  const said = new Set<string>()
  let stream: Stream | undefined
  let timer: NodeJS.Timeout | undefined
  let heartbeat: NodeJS.Timeout | undefined

  const connect = () => {
    const address = addresses[attempts % addresses.length] as string
    attempts += 1
    triedInRound += 1
    stream = openStream(address, handlers.hello(), {
      welcomed(welcome) {
        const mistake = handlers.welcomed(welcome)
        if (!mistake) begin(address, welcome)
        return mistake
      },
      desired: handlers.desired,
      ended(reason) {
        clearInterval(heartbeat)
        retry(address, reason)
      },
    })
  }

  const begin = (address: string, { heartbeatIntervalMs }: Welcome) => {
    backOff.reset()
    // The next round begins with the others: it is this one that will have gone.
    triedInRound = 0
    said.clear()
    log.info({ control: address }, `control at ${address} welcomed this gateway`)
    const { min, max } = heartbeatLimitsMs
    const intervalMs = Math.min(Math.max(heartbeatIntervalMs, min), max)
    heartbeat = setInterval(handlers.heartbeat, intervalMs)
    handlers.opened()
  }

  const retry = (address: string, reason: string) => {
    // The same answer again and again is said once.
    const sentence = `no session with control at ${address}: ${reason}`
    const level = said.has(sentence) ? 'debug' : 'warn'
    said.add(sentence)
    const isRoundOver = triedInRound >= addresses.length
    if (isRoundOver) triedInRound = 0
    const waitMs = isRoundOver ? backOff.next() : 0
    log[level]({ control: address, waitMs }, sentence)
    timer = setTimeout(connect, waitMs)
  }

  connect()
  return {
    send: (message) => stream?.send(message) ?? false,
    isOpen: () => stream?.isWelcomed() ?? false,
    close() {
      clearTimeout(timer)
      clearInterval(heartbeat)
      stream?.end()
    },
  }
}
