/** `ashlar device …`: what gateways keep their stores on. */
import type { Command } from 'commander'
import type { InspectedDevice, UnreadableDevice } from '../../contract/device-program.ts'
import type { NodeBody } from '../../http/schemas/node.ts'
import { type Context, createContext } from '../context.ts'
import { CliFailure } from '../failure.ts'
import { runDeviceProgram } from '../host/device-program.ts'
import { parseSize } from '../parse.ts'
import { showBytes, showTable } from '../show.ts'
import type { Surroundings } from '../surroundings.ts'

interface PrepareOptions {
  readonly size?: number
  readonly segmentSize?: number
  readonly force?: boolean
}

export function addDeviceCommands(program: Command, around: Surroundings): void {
  const device = program
    .command('device')
    .alias('devices')
    .description('what gateways keep their stores on: files and block devices of this machine')
  addList(device, around)
  addPrepare(device, around)
  addRetire(device, around)
}

function addList(device: Command, around: Surroundings): void {
  device
    .command('list [paths...]')
    .description("what devices hold; without paths the cell's, and this machine's block devices")
    .action(async (paths: readonly string[], _: object, command: Command) => {
      const context = createContext(command, around)
      if (paths.length === 0) await listAll(context)
      else await listThese(context, paths)
    })
}

function addPrepare(device: Command, around: Surroundings): void {
  device
    .command('prepare <path>')
    .description('make a device a store that a gateway can be given')
    .option('--size <size>', 'make a file of this size, such as 10GiB', parseSize)
    .option('--segment-size <size>', 'a power of two; 64MiB unless it is given', parseSize)
    .option('--force', 'erase what is there and is not a store')
    .action(async (path: string, options: PrepareOptions, command: Command) => {
      const context = createContext(command, around)
      const prepared = await runDeviceProgram(around.host, {
        verb: 'prepare',
        path,
        force: options.force === true,
        ...(options.size !== undefined && { bytes: options.size }),
        ...(options.segmentSize !== undefined && { segmentBytes: options.segmentSize }),
      })
      context.result(prepared, () => {
        const { device: made, erased } = prepared
        const before = erased === '' ? '' : `Erased from ${path}: ${erased}.\n`
        const what = prepared.made
          ? `${path} is made, ${showBytes(made.bytes)} long: `
          : `${path}: `
        return `${before}${what}store ${made.store?.id}, segments ${showSegments(made)}.\n`
      })
    })
}

function addRetire(device: Command, around: Surroundings): void {
  device
    .command('retire <path>')
    .description('take the store from a device, which is empty then')
    .option('--force', 'also when it holds data of volumes, which is lost then, or is damaged')
    .action(async (path: string, options: { force?: boolean }, command: Command) => {
      const context = createContext(command, around)
      const force = options.force === true
      const retired = await runDeviceProgram(around.host, { verb: 'retire', path, force })
      const store = retired.storeId === '' ? 'The damaged store' : `Store ${retired.storeId}`
      context.result(retired, () => `${store} is gone from ${path}, which is empty now.\n`)
    })
}

async function listThese(context: Context, paths: readonly string[]): Promise<void> {
  const { devices } = await runDeviceProgram(context.around.host, { verb: 'list', paths })
  context.result(devices, () => showDevices(devices))
  const failed = devices.filter(isUnreadable)
  if (failed.length > 0) {
    throw new CliFailure('failed', failed.map(({ problem }) => `${problem}.`).join(' '))
  }
}

/** Either half is of use without the other: a new machine may not reach its cell yet. */
async function listAll(context: Context): Promise<void> {
  const [nodes, machine] = await Promise.all([
    orNote(context, context.api.listNodes()),
    orNote(context, runDeviceProgram(context.around.host, { verb: 'list', paths: [] })),
  ])
  const devices = machine?.devices ?? null
  context.result({ cell: nodes?.flatMap(devicesOf) ?? null, machine: devices }, () =>
    [
      nodes && `Devices of the cell:\n${showCell(nodes)}`,
      devices && `Block devices of this machine:\n${showDevices(devices)}`,
    ]
      .filter((part) => part)
      .join('\n'),
  )
}

async function orNote<Value>(context: Context, value: Promise<Value>): Promise<Value | undefined> {
  try {
    return await value
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error
    context.around.note(`ashlar: ${error.message}\n`)
    return undefined
  }
}

const isUnreadable = (device: InspectedDevice | UnreadableDevice): device is UnreadableDevice =>
  'problem' in device

const devicesOf = ({ name, devices }: NodeBody) =>
  devices.map((device) => ({ node: name, ...device }))

function showCell(nodes: readonly NodeBody[]): string {
  const devices = nodes.flatMap(devicesOf)
  if (devices.length === 0) return 'There are none: no gateway has registered.\n'
  const heading = ['NODE', 'DEVICE', 'STORE', 'CAPACITY', 'USED', 'LIVE', 'DURABILITY', 'STATE']
  const rows = devices.map((device) => [
    device.node,
    device.path,
    device.storeId,
    showBytes(device.capacityBytes),
    showBytes(device.usedBytes),
    showBytes(device.liveBytes),
    device.durability,
    device.failed ? 'failed' : 'good',
  ])
  return showTable(heading, rows)
}

/** Its row begins with its name. */
const withoutName = ({ path, problem }: UnreadableDevice) => problem.replace(`device ${path} `, '')

const uses = { free: '', gateway: 'by a gateway', system: 'by the system' } as const

function showDevices(devices: readonly (InspectedDevice | UnreadableDevice)[]): string {
  if (devices.length === 0) return 'There are none.\n'
  const heading = ['DEVICE', 'SIZE', 'SECTOR', 'IN USE', 'HOLDS', 'STORE', 'SEGMENTS', 'FEATURES']
  const rows = devices.map((device) =>
    isUnreadable(device)
      ? [device.path, '', '', '', withoutName(device), '', '', '']
      : [
          device.path,
          showBytes(device.bytes),
          String(device.logicalBlockBytes),
          uses[device.use],
          showContents(device),
          device.store?.id ?? '',
          device.store ? showSegments(device) : '',
          device.store ? showFeatures(device.store.features) : '',
        ],
  )
  return showTable(heading, rows)
}

function showContents({ holds, description }: InspectedDevice): string {
  switch (holds) {
    case 'nothing':
      return 'nothing'
    case 'store':
      return 'an Ashlar store'
    case 'damaged-store':
      return `a damaged Ashlar store: ${description}`
    case 'other':
      return description
  }
}

const showSegments = ({ store }: InspectedDevice) =>
  store ? `${store.segmentCount} x ${showBytes(store.segmentBytes)}` : ''

const showFeatures = (features: number) => (features === 0 ? 'none' : `0x${features.toString(16)}`)
