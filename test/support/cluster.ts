/**
 * A real cell for tests: controls and gateways as processes, on ports and in a folder of their own.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, lastLines } from '../../control/quickstart/child.ts'
import {
  addressOf,
  type ControlLayout,
  controlsOf,
  filesOf,
  type GatewayLayout,
  type Layout,
  writeConfigs,
} from '../../control/quickstart/layout.ts'
import { createNamespaces, type Namespaces } from '../../control/quickstart/namespaces.ts'
import { startProcess } from '../../control/quickstart/start-process.ts'
import { waitReady } from '../../control/quickstart/wait-ready.ts'
import type { Copies } from '../../placement/topology.ts'
import { type EtcdServer, startEtcd } from './etcd.ts'
import { freePorts } from './free-port.ts'
import { createNetwork, type Network } from './network.ts'

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
  /** Over how many placement groups a volume is spread. */
  readonly volumeWidth?: number
  /** How long a lost member of a group may stay away until another takes its place. */
  readonly repairDelayMs?: number
  /** Of the gateways, how many are started later, if at all: the last ones. */
  readonly spares?: number
  /** A network namespace for each gateway, where that can be had. */
  readonly namespaces?: boolean
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
  /** With namespaces. */
  readonly network: Network | undefined
  /** Of several controls. */
  readonly etcd: EtcdServer | undefined
  /** Asks a control that runs. `path` begins with /v1, or is one of the few others. */
  api(method: string, path: string, body?: unknown): Promise<Answer>
  /** Asks until `isDone` says so; fails with the last answer when that takes too long. */
  waitFor(path: string, isDone: (answer: Answer) => boolean, limitMs?: number): Promise<Answer>
  pidOf(gateway: number): number
  /** Of all that runs and is not etcd. */
  pids(): number[]
  /** Without waiting for an end: to stop it for a while, and let it go on. */
  signalGateway(gateway: number, signal: NodeJS.Signals): void
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
  /** One of a gateway's figures, as Prometheus would have it; 0 when there is none. */
  metric(gateway: number, name: string): Promise<number>
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
  const names = Array.from({ length: options.gateways ?? 3 }, (_, index) => `gateway-${index + 1}`)
  const namespaces = options.namespaces ? createNamespaces(names, console.log) : undefined
  const layout = await createLayout(folder, { ...options, names }, etcd, namespaces)
  writeConfigs(layout)
  const cluster = new ClusterProcesses(layout, options.folder === undefined, etcd, namespaces)
  try {
    await cluster.start(names.length - (options.spares ?? 0))
  } catch (error) {
    await cluster.close()
    throw error
  }
  return cluster
}

async function createLayout(
  folder: string,
  options: ClusterOptions & { readonly names: readonly string[] },
  etcd: EtcdServer | undefined,
  namespaces: Namespaces | undefined,
): Promise<Layout> {
  const { names, controls = 1, volumeWidth, repairDelayMs } = options
  const address = namespaces?.address ?? options.address ?? '127.0.0.1'
  const ports = await freePorts(2 * controls + 4 * names.length, address)
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
    gateways: names.map((name, index) => ({
      name,
      rack: `r${index + 1}`,
      ioPort: take(),
      discoveryPort: take(),
      peerPort: take(),
      metricsPort: take(),
      ...namespaces?.members[index],
    })),
    deviceBytes: options.deviceBytes ?? defaultDeviceBytes,
    extentBytes: options.extentBytes ?? defaultExtentBytes,
    copies: options.copies ?? 1,
    control: {
      cell: { ...(volumeWidth !== undefined && { volumeWidth }) },
      repair: { ...(repairDelayMs !== undefined && { delayMs: repairDelayMs }) },
    },
  }
}

class ClusterProcesses implements Cluster {
  readonly address: string
  readonly apiUrl: string
  readonly folder: string
  readonly layout: Layout
  readonly gateways: readonly GatewayLayout[]
  readonly network: Network | undefined
  readonly etcd: EtcdServer | undefined
  readonly #ownsFolder: boolean
  readonly #namespaces: Namespaces | undefined
  readonly #children = new Map<string, Child>()
  readonly #stopped = new Set<string>()

  constructor(
    layout: Layout,
    ownsFolder: boolean,
    etcd: EtcdServer | undefined,
    namespaces: Namespaces | undefined,
  ) {
    this.layout = layout
    this.etcd = etcd
    this.#namespaces = namespaces
    this.network = namespaces && createNetwork(namespaces)
    this.address = layout.address
    this.apiUrl = `http://${layout.address}:${layout.apiPort}`
    this.folder = layout.folder
    this.gateways = layout.gateways
    this.#ownsFolder = ownsFolder
  }

  /** All controls, and so many of the gateways. */
  async start(count: number): Promise<void> {
    const gateways = this.gateways.slice(0, count)
    for (const { name } of [...controlsOf(this.layout), ...gateways]) this.#spawn(name)
    await this.#ready(gateways)
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

  pids(): number[] {
    return [...this.#children.values()].flatMap(({ pid, isRunning }) =>
      pid !== undefined && isRunning() ? [pid] : [],
    )
  }

  signalGateway(gateway: number, signal: NodeJS.Signals): void {
    this.#children.get(this.#gateway(gateway).name)?.kill(signal)
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

  async metric(gateway: number, name: string): Promise<number> {
    const layout = this.#gateway(gateway)
    const text = await getText(addressOf(this.layout, layout), layout.metricsPort ?? 0, '/metrics')
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    return Number(line?.split(' ')[1] ?? 0)
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
    this.#namespaces?.remove()
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

/** On a connection of its own: one that is kept would be that of a process that was killed. */
function getText(host: string, port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, path, agent: false, timeout: waitLimitMs }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
    request.on('error', reject)
  })
}
