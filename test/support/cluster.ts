/**
 * A real cell for tests: control and gateways as processes, on ports and in a folder of their own.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, lastLines, startChild } from '../../control/quickstart/child.ts'
import {
  filesOf,
  type GatewayLayout,
  type Layout,
  writeConfigs,
} from '../../control/quickstart/layout.ts'
import { waitReady } from '../../control/quickstart/wait-ready.ts'
import { freePorts } from './free-port.ts'

export interface ClusterOptions {
  /** Where everything listens; hosts in another network namespace need another than the default. */
  readonly address?: string
  readonly gateways?: number
  /** Kept at the end when it is given, so that a second cluster can start on it. */
  readonly folder?: string
  readonly extentBytes?: number
  readonly deviceBytes?: number
}

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test says itself what it expects of an answer
  readonly body: any
}

export interface Cluster {
  readonly address: string
  readonly apiUrl: string
  readonly folder: string
  readonly layout: Layout
  readonly gateways: readonly GatewayLayout[]
  /** `path` begins with /v1, or is one of the few others. */
  api(method: string, path: string, body?: unknown): Promise<Answer>
  /** Asks until `isDone` says so; fails with the last answer when that takes too long. */
  waitFor(path: string, isDone: (answer: Answer) => boolean, limitMs?: number): Promise<Answer>
  pidOf(gateway: number): number
  /** Resolves once it has ended. */
  killGateway(gateway: number, signal?: NodeJS.Signals): Promise<void>
  /** Resolves once it serves hosts and control knows it. */
  startGateway(gateway: number): Promise<void>
  /** Resolves once it serves hosts, control or not. */
  startGatewayAlone(gateway: number): Promise<void>
  killControl(signal?: NodeJS.Signals): Promise<void>
  startControl(): Promise<void>
  /** What the gateway has written on its log. */
  logs(gateway: number): string
  controlLogs(): string
  /** Ends every process; the folder goes too, unless it was given. */
  close(): Promise<void>
}

const defaultExtentBytes = 64 * 2 ** 20
const defaultDeviceBytes = 2 * 2 ** 30
const waitLimitMs = 30_000

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'ashlar-cluster-'))
  const layout = await createLayout(folder, options)
  writeConfigs(layout)
  const cluster = new ClusterProcesses(layout, options.folder === undefined)
  try {
    await cluster.start()
  } catch (error) {
    await cluster.close()
    throw error
  }
  return cluster
}

async function createLayout(folder: string, options: ClusterOptions): Promise<Layout> {
  const { address = '127.0.0.1', gateways = 3 } = options
  const ports = await freePorts(2 + 2 * gateways, address)
  const take = () => ports.pop() as number
  return {
    folder,
    address,
    apiPort: take(),
    sessionPort: take(),
    gateways: Array.from({ length: gateways }, (_, index) => ({
      name: `gateway-${index + 1}`,
      rack: `r${index + 1}`,
      ioPort: take(),
      discoveryPort: take(),
    })),
    deviceBytes: options.deviceBytes ?? defaultDeviceBytes,
    extentBytes: options.extentBytes ?? defaultExtentBytes,
  }
}

class ClusterProcesses implements Cluster {
  readonly address: string
  readonly apiUrl: string
  readonly folder: string
  readonly layout: Layout
  readonly gateways: readonly GatewayLayout[]
  readonly #ownsFolder: boolean
  readonly #children = new Map<string, Child>()

  constructor(layout: Layout, ownsFolder: boolean) {
    this.layout = layout
    this.address = layout.address
    this.apiUrl = `http://${layout.address}:${layout.apiPort}`
    this.folder = layout.folder
    this.gateways = layout.gateways
    this.#ownsFolder = ownsFolder
  }

  async start(): Promise<void> {
    this.#spawn('control')
    for (const { name } of this.gateways) this.#spawn(name)
    await this.#ready(this.gateways)
  }

  async api(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.apiUrl + path, {
      method,
      signal: AbortSignal.timeout(waitLimitMs),
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') && text !== ''
    return { status: response.status, body: isJson ? JSON.parse(text) : text }
  }

  async waitFor(
    path: string,
    isDone: (answer: Answer) => boolean,
    limitMs = waitLimitMs,
  ): Promise<Answer> {
    const startedMs = performance.now()
    for (;;) {
      const answer = await this.api('GET', path)
      if (isDone(answer)) return answer
      if (performance.now() - startedMs > limitMs)
        throw new Error(`${path} is still ${answer.status} ${JSON.stringify(answer.body)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  pidOf(gateway: number): number {
    return this.#children.get(this.#gateway(gateway).name)?.pid ?? 0
  }

  killGateway(gateway: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    return this.#kill(this.#gateway(gateway).name, signal)
  }

  async startGateway(gateway: number): Promise<void> {
    await this.startGatewayAlone(gateway)
    await this.#ready([this.#gateway(gateway)])
  }

  async startGatewayAlone(gateway: number): Promise<void> {
    const { name } = this.#gateway(gateway)
    const before = this.logs(gateway).length
    this.#spawn(name)
    const startedMs = performance.now()
    // Its port does not tell: the kernel answers there while it takes a killed one's ring down.
    while (!this.logs(gateway).slice(before).includes('serving hosts at')) {
      if (performance.now() - startedMs > waitLimitMs || !this.#children.get(name)?.isRunning())
        throw new Error(`${name} does not serve hosts:\n${this.logs(gateway)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  killControl(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    return this.#kill('control', signal)
  }

  async startControl(): Promise<void> {
    this.#spawn('control')
    const alive = this.gateways.filter(({ name }) => this.#children.get(name)?.isRunning())
    await this.#ready(alive)
  }

  logs(gateway: number): string {
    return readFileSync(filesOf(this.layout, this.#gateway(gateway).name).log, 'utf8')
  }

  controlLogs(): string {
    return readFileSync(filesOf(this.layout, 'control').log, 'utf8')
  }

  async close(): Promise<void> {
    const children = [...this.#children.values()].reverse()
    await Promise.all(children.map((child) => child.stop()))
    if (this.#ownsFolder) rmSync(this.folder, { recursive: true, force: true })
  }

  #gateway(index: number): GatewayLayout {
    const gateway = this.gateways[index]
    if (!gateway) throw new Error(`there is no gateway ${index}`)
    return gateway
  }

  #spawn(name: string): void {
    if (this.#children.get(name)?.isRunning()) throw new Error(`${name} is running already`)
    const { config, log } = filesOf(this.layout, name)
    const main = name === 'control' ? 'control/main.ts' : 'gateway/main.ts'
    const child = startChild({ name, main, args: ['--config', config], logPath: log })
    this.#children.set(name, child)
  }

  async #kill(name: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#children.get(name)
    child?.kill(signal)
    await child?.ended
  }

  async #ready(gateways: readonly GatewayLayout[]): Promise<void> {
    const children = [...this.#children.values()].filter(
      ({ name }) => name === 'control' || gateways.some((gateway) => gateway.name === name),
    )
    const layout = { ...this.layout, gateways }
    const why = await waitReady({ layout, children, progress: () => {}, limitMs: 60_000 })
    if (why === undefined) return
    const logs = children.map(({ name, logPath }) => [`${name}:`, ...lastLines(logPath, 20)])
    throw new Error([why, ...logs.flat()].join('\n'))
  }
}
