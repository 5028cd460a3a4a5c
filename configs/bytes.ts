/** Sizes as people write them: `67108864` or `64 MiB`. */
import Type, { type TInteger, type TNumberOptions } from 'typebox'

const units: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

export const bytesPattern = '^[0-9]+ ?(B|KiB|MiB|GiB|TiB)?$'

export interface BytesOptions {
  readonly description?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly multipleOf?: number
  readonly default?: string
}

/** A setting that is a number of bytes, and may be written with a unit. */
export function Bytes(options: BytesOptions): TInteger {
  return Type.Integer({ ...options, 'x-bytes': true } as unknown as TNumberOptions)
}

/** The number of bytes; undefined for anything that is not a size. */
export function readBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || !new RegExp(bytesPattern).test(value)) return undefined
  const unit = value.replace(/^[0-9]+ ?/, '')
  const bytes = Number.parseInt(value, 10) * (units[unit] as number)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** In the largest unit that divides it: `64 MiB`. */
export function formatBytes(bytes: number): string {
  const fitting = Object.entries(units).filter(([, size]) => bytes >= size && bytes % size === 0)
  const [unit, size] = fitting.at(-1) ?? ['B', 1]
  return `${bytes / size} ${unit}`
}
