/**
 * A real cell for tests: controls and gateways as processes, on ports and in a folder of their own.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, lastLines } from '../../control/quickstart/child.ts'
import {
  type ControlLayout,
  controlsOf,
  filesOf,
  type GatewayLayout,
  type Layout,
  writeConfigs,
} from '../../control/quickstart/layout.ts'
import { startProcess } from '../../control/quickstart/start-process.ts'
import { waitReady } from '../../control/quickstart/wait-ready.ts'
import type { Copies } from '../../placement/topology.ts'
import { type EtcdServer, startEtcd } from './etcd.ts'
import { freePorts } from './free-port.ts'

export interface ClusterOptions {
  /** Where everything listens; hosts in another network namespace need another than the default. */
  readonly address?: string
  readonly gateways?: number
  /** More than one work on an etcd of their own. */
  readonly controls?: number
  /** Kept at the end when it is given, so that a second cluster can start on it. */
  readonly folder?: string
  readonly extentBytes?: number
  readonly deviceBytes?: number
  /** Of volumes that do not say how many; one without it. */
  readonly copies?: Copies
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
  /** Of several controls. */
  readonly etcd: EtcdServer | undefined
  /** Asks a control that runs. `path` begins with /v1, or is one of the few others. */
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
  killControl(signal?: NodeJS.Signals, control?: number): Promise<void>
  startControl(control?: number): Promise<void>
  /** Without waiting for an end: to stop it for a while, and let it go on. */
  signalControl(signal: NodeJS.Signals, control: number): void
  /** What the gateway has written on its log. */
  logs(gateway: number): string
  controlLogs(control?: number): string
  /** Ends every process; the folder goes too, unless it was given. */
  close(): Promise<void>
}

const defaultExtentBytes = 64 * 2 ** 20
const defaultDeviceBytes = 2 * 2 ** 30
const waitLimitMs = 30_000

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'ashlar-cluster-'))
  const etcd = (options.controls ?? 1) > 1 ? await startEtcd() : undefined
  const layout = await createLayout(folder, options, etcd)
  writeConfigs(layout)
  const cluster = new ClusterProcesses(layout, options.folder === undefined, etcd)
  try {
    await cluster.start()
  } catch (error) {
    await cluster.close()
    throw error
  }
  return cluster
}

async function createLayout(
  folder: string,
  options: ClusterOptions,
  etcd: EtcdServer | undefined,
): Promise<Layout> {
  const { address = '127.0.0.1', gateways = 3, controls = 1 } = options
  const ports = await freePorts(2 * controls + 3 * gateways, address)
  const take = () => ports.pop() as number
  return {
    folder,
    address,
    apiPort: take(),
    sessionPort: take(),
    ...(etcd && { etcdEndpoint: etcd.endpoint }),
    otherControls: Array.from({ length: controls - 1 }, (_, index) => ({
      name: `control-${index + 2}`,
      apiPort: take(),
      sessionPort: take(),
    })),
    gateways: Array.from({ length: gateways }, (_, index) => ({
      name: `gateway-${index + 1}`,
      rack: `r${index + 1}`,
      ioPort: take(),
      discoveryPort: take(),
      peerPort: take(),
    })),
    deviceBytes: options.deviceBytes ?? defaultDeviceBytes,
    extentBytes: options.extentBytes ?? defaultExtentBytes,
    copies: options.copies ?? 1,
  }
}

class ClusterProcesses implements Cluster {
  readonly address: string
  readonly apiUrl: string
  readonly folder: string
  readonly layout: Layout
  readonly gateways: readonly GatewayLayout[]
  readonly etcd: EtcdServer | undefined
  readonly #ownsFolder: boolean
  readonly #children = new Map<string, Child>()
  readonly #stopped = new Set<string>()

  constructor(layout: Layout, ownsFolder: boolean, etcd: EtcdServer | undefined) {
    this.layout = layout
    this.etcd = etcd
    this.address = layout.address
    this.apiUrl = `http://${layout.address}:${layout.apiPort}`
    this.folder = layout.folder
    this.gateways = layout.gateways
    this.#ownsFolder = ownsFolder
  }

  async start(): Promise<void> {
    for (const { name } of controlsOf(this.layout)) this.#spawn(name)
    for (const { name } of this.gateways) this.#spawn(name)
    await this.#ready(this.gateways)
  }

  async api(method: string, path: string, body?: unknown): Promise<Answer> {
    const { apiPort } = this.#runningControl()
    const response = await fetch(`http://${this.address}:${apiPort}${path}`, {
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

  killControl(signal: NodeJS.Signals = 'SIGKILL', control = 0): Promise<void> {
    return this.#kill(this.#control(control).name, signal)
  }

  signalControl(signal: NodeJS.Signals, control: number): void {
    const { name } = this.#control(control)
    this.#children.get(name)?.kill(signal)
    if (signal === 'SIGSTOP') this.#stopped.add(name)
    if (signal === 'SIGCONT') this.#stopped.delete(name)
  }

  async startControl(control = 0): Promise<void> {
    this.#spawn(this.#control(control).name)
    const alive = this.gateways.filter(({ name }) => this.#children.get(name)?.isRunning())
    await this.#ready(alive)
  }

  logs(gateway: number): string {
    return readFileSync(filesOf(this.layout, this.#gateway(gateway).name).log, 'utf8')
  }

  controlLogs(control = 0): string {
    return readFileSync(filesOf(this.layout, this.#control(control).name).log, 'utf8')
  }

  async close(): Promise<void> {
    const children = [...this.#children.values()].reverse()
    // One that stands still would not hear that it is to end.
    for (const child of children) child.kill('SIGCONT')
    await Promise.all(children.map((child) => child.stop()))
    await this.etcd?.close()
    if (this.#ownsFolder) rmSync(this.folder, { recursive: true, force: true })
  }

  #control(index: number): ControlLayout {
    const control = controlsOf(this.layout)[index]
    if (!control) throw new Error(`there is no control ${index}`)
    return control
  }

  #runningControl(): ControlLayout {
    const controls = controlsOf(this.layout)
    const running = controls.find(
      ({ name }) => this.#children.get(name)?.isRunning() && !this.#stopped.has(name),
    )
    return running ?? this.#control(0)
  }

  #gateway(index: number): GatewayLayout {
    const gateway = this.gateways[index]
    if (!gateway) throw new Error(`there is no gateway ${index}`)
    return gateway
  }

  #spawn(name: string): void {
    if (this.#children.get(name)?.isRunning()) throw new Error(`${name} is running already`)
    this.#children.set(name, startProcess(this.layout, name))
  }

  async #kill(name: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#children.get(name)
    child?.kill(signal)
    await child?.ended
  }

  async #ready(gateways: readonly GatewayLayout[]): Promise<void> {
    const children = [...this.#children.values()].filter(
      ({ name, isRunning }) => gateways.some((gateway) => gateway.name === name) || isRunning(),
    )
    const { apiPort } = this.#runningControl()
    const layout = { ...this.layout, apiPort, gateways }
    const why = await waitReady({ layout, children, progress: () => {}, limitMs: 60_000 })
    if (why === undefined) return
    const logs = children.map(({ name, logPath }) => [`${name}:`, ...lastLines(logPath, 20)])
    throw new Error([why, ...logs.flat()].join('\n'))
  }
}
