/**
 * What the command line and the gateway's device program say to each other: one request as JSON in
 * the arguments, one answer as JSON in the last line. Sizes are numbers of bytes.
 */

export interface ListRequest {
  readonly verb: 'list'
  /** None: the block devices of this machine. */
  readonly paths: readonly string[]
}

export interface PrepareRequest {
  readonly verb: 'prepare'
  readonly path: string
  readonly bytes?: number
  readonly segmentBytes?: number
  readonly force: boolean
}

export interface RetireRequest {
  readonly verb: 'retire'
  readonly path: string
  readonly force: boolean
}

export type DeviceRequest = ListRequest | PrepareRequest | RetireRequest

export interface InspectedDevice {
  readonly path: string
  readonly kind: 'file' | 'block-device'
  readonly bytes: number
  readonly logicalBlockBytes: number
  readonly use: 'free' | 'gateway' | 'system'
  readonly holds: 'nothing' | 'store' | 'damaged-store' | 'other'
  readonly description: string
  readonly store?: {
    readonly id: string
    readonly segmentBytes: number
    readonly segmentCount: number
    readonly features: number
  }
}

/** One that cannot be looked at, and why. */
export interface UnreadableDevice {
  readonly path: string
  readonly problem: string
}

export interface DeviceAnswers {
  readonly list: { readonly devices: readonly (InspectedDevice | UnreadableDevice)[] }
  readonly prepare: {
    readonly device: InspectedDevice
    readonly made: boolean
    readonly erased: string
  }
  readonly retire: { readonly path: string; readonly storeId: string }
}

/** `code` is the engine's, such as FOREIGN. */
export interface DeviceRefusal {
  readonly error: { readonly code: string; readonly message: string }
}
