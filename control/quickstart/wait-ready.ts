/** Waits until control answers and every gateway serves hosts, and says what it waits for. */
import { connect } from 'node:net'
import type { Child } from './child.ts'
import { addressOf, type GatewayLayout, type Layout } from './layout.ts'

export interface ReadyOptions {
  readonly layout: Pick<Layout, 'address' | 'apiPort' | 'gateways'>
  /** Waiting ends when one of them does. */
  readonly children: readonly Child[]
  progress(sentence: string): void
  readonly limitMs?: number
  readonly signal?: AbortSignal
}

const pollMs = 100
const answerLimitMs = 2000
const defaultLimitMs = 120_000

/** Undefined once all are ready; otherwise why not, as a sentence. */
export async function waitReady(options: ReadyOptions): Promise<string | undefined> {
  const { children, progress, limitMs = defaultLimitMs, signal } = options
  const startedMs = performance.now()
  let said = ''
  while (performance.now() - startedMs < limitMs && !signal?.aborted) {
    const dead = children.find((child) => !child.isRunning())
    if (dead) return `${dead.name} ended: ${await dead.ended}.`
    const waiting = await whatIsMissing(options.layout)
    if (waiting === undefined) return undefined
    if (waiting !== said) progress(waiting)
    said = waiting
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  return signal?.aborted ? 'It was told to stop.' : `Not ready after ${limitMs / 1000} s: ${said}.`
}

async function whatIsMissing({ address, apiPort, gateways }: ReadyOptions['layout']) {
  const alive = await aliveNodes(`http://${address}:${apiPort}`)
  if (!alive) return 'waiting for control to answer'
  const missing: string[] = []
  for (const gateway of gateways)
    if (!alive.has(gateway.name) || !(await serves(addressOf({ address }, gateway), gateway)))
      missing.push(gateway.name)
  return missing.length === 0 ? undefined : `waiting for ${missing.join(', ')} to serve hosts`
}

/** Undefined while control does not answer. */
async function aliveNodes(apiUrl: string): Promise<Set<string> | undefined> {
  try {
    const response = await fetch(`${apiUrl}/v1/nodes?health=alive`, {
      signal: AbortSignal.timeout(answerLimitMs),
    })
    if (!response.ok) return undefined
    const { items } = (await response.json()) as { items: { name: string }[] }
    return new Set(items.map(({ name }) => name))
  } catch {
    return undefined
  }
}

/** A gateway listens once it has tried what control wants of it. */
function serves(address: string, { ioPort }: GatewayLayout): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: ioPort, timeout: answerLimitMs })
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => finish(true))
    socket.once('timeout', () => finish(false))
    socket.once('error', () => finish(false))
  })
}
