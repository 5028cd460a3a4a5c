/** Reads what people type: sizes, labels, seconds. */
import { InvalidArgumentError } from 'commander'
import { readBytes } from '../../configs/bytes.ts'
import type { Copies } from '../../placement/topology.ts'

export function parseSize(text: string): number {
  const bytes = readBytes(text)
  if (bytes !== undefined) return bytes
  throw new InvalidArgumentError(
    'A size is a number of bytes, or a whole number and B, KiB, MiB, GiB or TiB, such as 10GiB.',
  )
}

/** Bytes in a second; 0 stands for no limit. */
export function parseRate(text: string): number {
  return text === '0' ? 0 : parseSize(text)
}

export function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= 86_400) return seconds
  throw new InvalidArgumentError('It is a whole number of seconds, from 1 to 86400.')
}

export function parseCopies(text: string): Copies {
  const copies = Number(text)
  if (copies === 1 || copies === 2 || copies === 3) return copies
  throw new InvalidArgumentError('A volume has 1, 2 or 3 copies.')
}

/** `key=value`, gathered over several uses of the option. */
export function gatherLabels(
  text: string,
  gathered: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError('A label has the form key=value.')
  }
  return { ...gathered, [key]: value }
}

/** Labels to set as `key=value`, labels to remove as `key-`; null stands for removed. */
export function gatherLabelChanges(
  text: string,
  gathered: Readonly<Record<string, string | null>> = {},
): Record<string, string | null> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key !== undefined && value !== undefined) return { ...gathered, [key]: value }
  if (text.length > 1 && text.endsWith('-')) return { ...gathered, [text.slice(0, -1)]: null }
  throw new InvalidArgumentError('A change is key=value to set a label, or key- to remove it.')
}

export const gatherWords = (word: string, gathered: readonly string[] = []): string[] => [
  ...gathered,
  word,
]
