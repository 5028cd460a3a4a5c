/** Brings a whole cell up on this machine, watches over it, and takes it down in order. */
import { existsSync, mkdirSync, statfsSync } from 'node:fs'
import { formatBytes } from '../../configs/bytes.ts'
import { FolderInUseError, lockFolder } from '../metadata/lock-folder.ts'
import { type Child, lastLines } from './child.ts'
import { etcdAnswers, startEtcd } from './etcd.ts'
import { controlsOf, filesOf, type Layout, writeConfigs } from './layout.ts'
import { createNamespaces, type Namespaces } from './namespaces.ts'
import { takenPorts } from './ports.ts'
import { startProcess } from './start-process.ts'
import { supervise } from './supervise.ts'
import { waitReady } from './wait-ready.ts'
import { welcomeText } from './welcome-text.ts'

export interface CellOptions {
  readonly folder: string
  readonly address: string
  readonly apiPort: number
  readonly ioPort: number
  readonly discoveryPort: number
  readonly peerPort: number
  readonly deviceBytes: number
  /** Two controls on etcd, and more gateways. */
  readonly cluster: boolean
}

const gatewayCount = 3
const clusterGatewayCount = 4
const loopback = '127.0.0.1'
/** Less than this and the first writes would already fail. */
const freeBytesMin = 256 * 2 ** 20
const linesShown = 15

/** Runs until Ctrl-C. The answer is the process's exit code. */
export async function runCell(options: CellOptions): Promise<number> {
  const namespaces = namespacesFor(options)
  try {
    return await runLayout(layoutOf(options, namespaces))
  } finally {
    namespaces?.remove()
  }
}

async function runLayout(layout: Layout): Promise<number> {
  const mistakes = [...(await checkFolder(layout.folder)), ...(await takenPorts(layout))]
  if (mistakes.length > 0) {
    console.error(['Ashlar cannot start:', ...mistakes.map((line) => `  ${line}`)].join('\n'))
    console.error('Options choose other ports and another folder: npm start -- --help')
    return 1
  }
  const isFirst = !existsSync(filesOf(layout, 'control').config)
  const kept = isFirst
    ? `new, ${formatBytes(layout.deviceBytes)} a gateway`
    : 'found, kept as it is'
  const what = layout.etcdEndpoint === undefined ? 'control' : 'etcd, two controls'
  const count = layout.gateways.length
  console.log(`Starting ${what} and ${count} gateways; data in ${layout.folder} (${kept})`)
  writeConfigs(layout)

  const stop = stopSignal()
  const etcd = layout.etcdEndpoint === undefined ? [] : [startEtcd(layout)]
  if (etcd.length > 0) await etcdAnswers(layout)
  const names = [...controlsOf(layout), ...layout.gateways].map(({ name }) => name)
  const children = [...etcd, ...names.map((name) => startProcess(layout, name))]
  const failure = await waitReady({
    layout,
    children,
    progress: (sentence) => console.log(`  ${sentence}`),
    signal: stop,
  })
  if (failure !== undefined && !stop.aborted) {
    describeFailure(failure, children)
    await takeDown(layout, children)
    return 1
  }
  const running = children.map((child) =>
    supervise(child, { start: () => startProcess(layout, child.name), say: console.log }),
  )
  if (!stop.aborted) {
    console.log(`\n${welcomeText(layout)}\n`)
    await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve()))
  }
  await takeDown(layout, running)
  return 0
}

function describeFailure(failure: string, children: readonly Child[]): void {
  console.error(`Ashlar could not start. ${failure}`)
  for (const { logPath, isRunning } of children) {
    if (isRunning()) continue
    console.error([`${logPath} ends:`, ...lastLines(logPath, linesShown)].join('\n  '))
  }
}

/** Gateways first: hosts' last commands finish, and control sees each of them go. */
async function takeDown(
  layout: Layout,
  running: readonly { stop(): Promise<void> }[],
): Promise<void> {
  const first = running.length - layout.gateways.length
  console.log('\nStopping the gateways, then control')
  await Promise.all(running.slice(first).map((gateway) => gateway.stop()))
  for (const one of running.slice(0, first).reverse()) await one.stop()
  console.log('Everything has stopped.')
}

/**
 * Aborted at the first Ctrl-C. More change nothing: stopping is bounded, and npm passes each on
 * again.
 */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stop.abort())
  return stop.signal
}

function namespacesFor({ cluster, address }: CellOptions): Namespaces | undefined {
  if (!cluster || address !== loopback) return undefined
  const names = Array.from({ length: clusterGatewayCount }, (_, index) => `gateway-${index + 1}`)
  return createNamespaces(names, console.log)
}

/** Ports in a row from the API's: both of each control, then etcd's two. */
function layoutOf(options: CellOptions, namespaces: Namespaces | undefined): Layout {
  const { folder, apiPort, deviceBytes, cluster } = options
  const address = namespaces?.address ?? options.address
  const length = cluster ? clusterGatewayCount : gatewayCount
  const gateways = Array.from({ length }, (_, index) => {
    // Those with an address of their own have all ports to themselves.
    const offset = namespaces ? 0 : index
    return {
      name: `gateway-${index + 1}`,
      rack: `r${index + 1}`,
      ioPort: options.ioPort + offset,
      discoveryPort: options.discoveryPort + offset,
      peerPort: options.peerPort + offset,
      ...namespaces?.members[index],
    }
  })
  const more = cluster && {
    otherControls: [{ name: 'control-2', apiPort: apiPort + 2, sessionPort: apiPort + 3 }],
    etcdEndpoint: `http://${address}:${apiPort + 4}`,
  }
  return { folder, address, apiPort, sessionPort: apiPort + 1, ...more, gateways, deviceBytes }
}

/** What is wrong with it, as sentences. From then on it is this process's. */
async function checkFolder(folder: string): Promise<string[]> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    // Another start would write its own ports over the configurations of processes that run.
    await lockFolder(folder)
    const { bavail, bsize } = statfsSync(folder)
    if (bavail * bsize >= freeBytesMin) return []
    return [
      `The disk of ${folder} is full: only ${Math.floor((bavail * bsize) / 2 ** 20)} MiB are free.`,
    ]
  } catch (error) {
    if (error instanceof FolderInUseError)
      return [`Another npm start keeps its data in ${folder}: stop it, or choose another folder.`]
    return [`The folder ${folder} cannot be used: ${(error as Error).message}.`]
  }
}
