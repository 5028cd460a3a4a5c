/** Lays results out for people. */
import Table from 'cli-table3'
import { formatBytes } from '../../configs/bytes.ts'

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Exact where that is short, such as `10 GiB`, and else rounded: `1.3 GiB`. */
export function showBytes(bytes: number): string {
  const exact = formatBytes(bytes)
  if (exact.length <= 8) return exact
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}

export function showLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

export function showAddresses(
  addresses: readonly { readonly address: string; readonly port: number }[],
): string {
  return addresses
    .map(({ address, port }) =>
      address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    )
    .join(' ')
}

/** Columns without lines; one that is empty in every row is left out. */
export function showTable(heading: readonly string[], rows: readonly string[][]): string {
  const used = heading.map((_, column) => rows.some((row) => (row[column] ?? '') !== ''))
  const keep = (row: readonly string[]) => row.filter((_, column) => used[column])
  const table = new Table({ head: [...keep(heading)], ...plain })
  table.push(...rows.map(keep))
  return `${trimLines(table.toString())}\n`
}

/** One thing: a name and a value on each line; empty values are left out. */
export function showFields(fields: Readonly<Record<string, string | undefined>>): string {
  const table = new Table(plain)
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== '') table.push([`${name}:`, value])
  }
  return `${trimLines(table.toString())}\n`
}

const noLine = ''
const plain = {
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  chars: {
    top: noLine,
    'top-mid': noLine,
    'top-left': noLine,
    'top-right': noLine,
    bottom: noLine,
    'bottom-mid': noLine,
    'bottom-left': noLine,
    'bottom-right': noLine,
    left: noLine,
    'left-mid': noLine,
    mid: noLine,
    'mid-mid': noLine,
    right: noLine,
    'right-mid': noLine,
    middle: noLine,
  },
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
