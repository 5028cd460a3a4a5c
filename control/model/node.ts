/**
 * A node as the cell remembers it: what its gateway said when it last came, and what it was given
 * for good.
 */
import type { ScrubMessage, StoreFiguresMessage } from '../contract/messages.ts'
import { defineRecord } from './record.ts'

export interface Endpoint {
  readonly address: string
  readonly port: number
}

export interface Device {
  readonly path: string
  readonly storeId: string
  readonly capacityBytes: number
  readonly usedBytes: number
  readonly liveBytes: number
  readonly durability: string
  readonly failed: boolean
  /** Of a gateway that has a session: neither is remembered. */
  readonly store?: StoreFiguresMessage | null
  readonly scrub?: ScrubMessage | null
}

export interface Node {
  readonly name: string
  /** By which gateways know it: given once, and never to another. */
  readonly number: number
  readonly rack: string
  readonly zone: string
  readonly io: Endpoint
  readonly discovery: Endpoint
  /** Where other gateways reach it; missing: it does not talk with others. */
  readonly peer?: Endpoint
  readonly softwareVersion: string
  readonly incarnation: string
  readonly devices: readonly Device[]
  /** Controller ids that only this gateway gives to hosts, both inclusive. */
  readonly controllerIds: { readonly first: number; readonly last: number }
  readonly registeredAt: string
  /** Since when it is being emptied; missing: it is not. */
  readonly drainingSince?: string
}

export const nodeKind = defineRecord<Node>('node/', 1)
/** The value is the name of the node that the store belongs to. */
export const storePrefix = 'store/'

const namePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
export const isNodeName = (text: string): boolean => namePattern.test(text)

export const capacityOf = (devices: readonly Device[]): number =>
  devices.reduce((sum, device) => sum + (device.failed ? 0 : device.capacityBytes), 0)
export const usedOf = (devices: readonly Device[]): number =>
  devices.reduce((sum, device) => sum + (device.failed ? 0 : device.usedBytes), 0)
