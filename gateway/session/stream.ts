/**
 * One stream to one control process, from Hello to its end.
 *
 *   asked ──▶ welcomed ──▶ ended        and from asked to ended
 */
import { type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js'
import { channelOptions, loadContract } from '../../control/contract/load-contract.ts'
import {
  contractVersion,
  type Desired,
  type FromGateway,
  type Hello,
  type ToGateway,
  type Welcome,
} from '../../control/contract/messages.ts'

export interface StreamHandlers {
  /** Answers why the gateway cannot take it, as a sentence; the stream then ends. */
  welcomed(welcome: Welcome): string | undefined
  desired(desired: Desired): void
  /** Called once, with the reason; not after end(). */
  ended(reason: string): void
}

export interface Stream {
  /** False before the welcome, after the end, and when control does not read fast enough. */
  send(message: FromGateway): boolean
  isWelcomed(): boolean
  end(): void
}

type Call = ClientDuplexStream<FromGateway, ToGateway>

const welcomeTimeoutMs = 10_000
/** A machine that is off does not refuse: the next address is tried. */
const connectTimeoutMs = 3000
/** A peer that vanished without a word is noticed within the sum of these. */
const keepAlive = { 'grpc.keepalive_time_ms': 2000, 'grpc.keepalive_timeout_ms': 2000 }

const { Client } = loadContract()

export function openStream(address: string, hello: Hello, handlers: StreamHandlers): Stream {
  const client = new Client(address, credentials.createInsecure(), {
    ...channelOptions,
    ...keepAlive,
  })
  const call = (client as unknown as { Session(): Call }).Session()
  let state: 'asked' | 'welcomed' | 'ended' = 'asked'

  const end = () => {
    if (state === 'ended') return false
    state = 'ended'
    clearTimeout(late)
    call.cancel()
    client.close()
    return true
  }
  const fail = (reason: string) => {
    if (end()) handlers.ended(reason)
  }
  const late = setTimeout(fail, welcomeTimeoutMs, 'control does not answer')
  client.waitForReady(Date.now() + connectTimeoutMs, (error) => {
    if (error && state === 'asked') fail('control cannot be reached')
  })
  const takeWelcome = (welcome: Welcome) => {
    clearTimeout(late)
    if (state === 'welcomed') return fail('control welcomed this gateway twice')
    state = 'welcomed'
    const mistake = checkWelcome(welcome) ?? handlers.welcomed(welcome)
    if (mistake) fail(mistake)
  }

  call.on('data', ({ welcome, desired, refused }: ToGateway) => {
    if (state === 'ended') return
    if (refused) fail(`refused with ${refused.code}: ${refused.reason}`)
    else if (welcome) takeWelcome(welcome)
    else if (desired && state === 'welcomed') handlers.desired(desired)
  })
  call.on('error', (error: ServiceError) => fail(describeError(error)))
  call.on('end', () => fail('control ended the session'))
  call.write({ hello })
  return {
    send(message) {
      if (state !== 'welcomed' || call.writableNeedDrain) return false
      call.write(message)
      return true
    },
    isWelcomed: () => state === 'welcomed',
    end,
  }
}

/** grpc-js wraps the one thing of interest, such as `connect ECONNREFUSED 192.0.2.1:7481`. */
function describeError({ details, message }: ServiceError): string {
  return /connect E[A-Z]+ \S+\w/.exec(details)?.[0] ?? (details || message)
}

function checkWelcome(welcome: Welcome): string | undefined {
  if (welcome.contractVersion !== contractVersion)
    return (
      `control speaks contract version ${welcome.contractVersion}, ` +
      `this gateway ${contractVersion}`
    )
  const { controllerIdFirst, controllerIdLast } = welcome
  if (controllerIdFirst < 1 || controllerIdLast < controllerIdFirst)
    return `control granted no controller ids (${controllerIdFirst} to ${controllerIdLast})`
  return undefined
}
