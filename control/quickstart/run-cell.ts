/** Brings a whole cell up on this machine, watches over it, and takes it down in order. */
import { existsSync, mkdirSync, statfsSync } from 'node:fs'
import { formatBytes } from '../../configs/bytes.ts'
import { FolderInUseError, lockFolder } from '../metadata/lock-folder.ts'
import { type Child, lastLines, startChild } from './child.ts'
import { filesOf, type Layout, writeConfigs } from './layout.ts'
import { takenPorts } from './ports.ts'
import { supervise } from './supervise.ts'
import { waitReady } from './wait-ready.ts'
import { welcomeText } from './welcome-text.ts'

export interface CellOptions {
  readonly folder: string
  readonly address: string
  readonly apiPort: number
  readonly ioPort: number
  readonly discoveryPort: number
  readonly deviceBytes: number
}

const gatewayCount = 3
/** Less than this and the first writes would already fail. */
const freeBytesMin = 256 * 2 ** 20
const linesShown = 15

/** Runs until Ctrl-C. The answer is the process's exit code. */
export async function runCell(options: CellOptions): Promise<number> {
  const layout = layoutOf(options)
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
  console.log(`Starting control and ${gatewayCount} gateways; data in ${layout.folder} (${kept})`)
  writeConfigs(layout)

  const stop = stopSignal()
  const names = ['control', ...layout.gateways.map(({ name }) => name)]
  const children = names.map((name) => startProcess(layout, name))
  const failure = await waitReady({
    layout,
    children,
    progress: (sentence) => console.log(`  ${sentence}`),
    signal: stop,
  })
  if (failure !== undefined && !stop.aborted) {
    describeFailure(failure, children)
    await takeDown(children)
    return 1
  }
  const running = children.map((child) =>
    supervise(child, { start: () => startProcess(layout, child.name), say: console.log }),
  )
  if (!stop.aborted) {
    console.log(`\n${welcomeText(layout)}\n`)
    await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve()))
  }
  await takeDown(running)
  return 0
}

function startProcess(layout: Layout, name: string): Child {
  const { config, log } = filesOf(layout, name)
  const main = name === 'control' ? 'control/main.ts' : 'gateway/main.ts'
  return startChild({ name, main, args: ['--config', config], logPath: log })
}

function describeFailure(failure: string, children: readonly Child[]): void {
  console.error(`Ashlar could not start. ${failure}`)
  for (const { logPath, isRunning } of children) {
    if (isRunning()) continue
    console.error([`${logPath} ends:`, ...lastLines(logPath, linesShown)].join('\n  '))
  }
}

/** Gateways first: hosts' last commands finish, and control sees each of them go. */
async function takeDown(running: readonly { stop(): Promise<void> }[]): Promise<void> {
  const [control, ...gateways] = running
  console.log('\nStopping the gateways, then control')
  await Promise.all(gateways.map((gateway) => gateway.stop()))
  await control?.stop()
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

function layoutOf(options: CellOptions): Layout {
  const { folder, address, apiPort, ioPort, discoveryPort, deviceBytes } = options
  const gateways = Array.from({ length: gatewayCount }, (_, index) => ({
    name: `gateway-${index + 1}`,
    rack: `r${index + 1}`,
    ioPort: ioPort + index,
    discoveryPort: discoveryPort + index,
  }))
  return { folder, address, apiPort, sessionPort: apiPort + 1, gateways, deviceBytes }
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
