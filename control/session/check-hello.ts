/** What a gateway says of itself has to make sense before it is remembered. */
import { contractVersion, type DeviceMessage, type Hello } from '../contract/messages.ts'
import type { Cell } from '../model/cell.ts'
import { isNodeName } from '../model/node.ts'
import { Refusal } from './refusal.ts'

const devicesMax = 64
const textMax = 255
const storeId = /^[\w-]{1,64}$/

export function checkHello(cell: Cell, hello: Hello): void {
  if (hello.contractVersion !== contractVersion)
    throw new Refusal(
      'CONTRACT_VERSION',
      `The gateway speaks contract version ${hello.contractVersion}; ` +
        `control speaks ${contractVersion}.`,
    )
  if (!isNodeName(hello.nodeName))
    throw invalid(
      `The node name "${hello.nodeName.slice(0, 64)}" has to be 1 to 63 of a-z, 0-9 and "-".`,
    )
  for (const field of ['rack', 'incarnation'] as const)
    if (hello[field] === '') throw invalid(`The gateway has to say its ${field}.`)
  for (const field of ['rack', 'zone', 'incarnation', 'softwareVersion'] as const)
    if (hello[field].length > textMax) throw invalid(`${field} has over ${textMax} characters.`)
  for (const endpoint of [hello.io, hello.discovery])
    if (!endpoint?.address || endpoint.address.length > textMax || !isPort(endpoint.port))
      throw invalid('The gateway has to say where hosts reach it.')
  const { peer } = hello
  if (peer && (!peer.address || peer.address.length > textMax || !isPort(peer.port)))
    throw invalid('The gateway has to say where its peers reach it.')
  if (hello.extentBytes !== cell.extentBytes)
    throw new Refusal(
      'EXTENT_SIZE',
      `The gateway has extents of ${hello.extentBytes} bytes; this cell has ${cell.extentBytes}.`,
    )
  // Not even remembered: volumes placed on it would wait there for good.
  if (hello.cellId !== '' && hello.cellId !== cell.id)
    throw new Refusal(
      'FOREIGN_CELL',
      `The gateway belongs to cell ${hello.cellId.slice(0, 64)}, and this is cell ${cell.id}: ` +
        "bring the metadata of its cell back, or begin anew without the gateway's data.",
    )
  checkDevices(hello.devices)
  if (hello.storeIds.length > devicesMax || !hello.storeIds.every((id) => storeId.test(id)))
    throw invalid(`A node has at most ${devicesMax} stores, named by letters, digits and "-".`)
}

export function checkDevices(devices: readonly DeviceMessage[]): void {
  if (devices.length > devicesMax) throw invalid(`A node has at most ${devicesMax} devices.`)
  for (const device of devices) {
    if (device.path.length > 4096) throw invalid('The path of a device has over 4096 characters.')
    if (device.storeId !== '' && !storeId.test(device.storeId))
      throw invalid(`Device ${device.path} names its store "${device.storeId}".`)
    for (const field of ['capacityBytes', 'usedBytes', 'liveBytes'] as const)
      if (!Number.isSafeInteger(device[field]) || device[field] < 0)
        throw invalid(`Device ${device.path} cannot have ${device[field]} ${field}.`)
  }
}

const invalid = (reason: string) => new Refusal('INVALID_HELLO', reason)
const isPort = (port: number) => port >= 1 && port <= 65_535
