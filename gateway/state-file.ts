/**
 * A small JSON file of the gateway's own state, replaced as one step and checked by its SHA-256.
 *
 * After a crash it holds the old value or the new one, never a mixture; damage is told from truth.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { GatewayFailure } from './failure.ts'

/**
 * The value; undefined when there is no file. Fails with a sentence on anything but a good file.
 */
export function readStateFile<T extends TSchema>(path: string, schema: T): Static<T> | undefined {
  if (!existsSync(path)) return undefined
  let file: { sha256?: unknown; value?: unknown } | null
  try {
    file = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new GatewayFailure(`${path} cannot be read: ${(error as Error).message}.`)
  }
  const value = file?.value
  if (value === undefined || file?.sha256 !== digestOf(value))
    throw new GatewayFailure(`${path} is damaged: its checksum does not match what it holds.`)
  if (!Check(schema, value))
    throw new GatewayFailure(`${path} is not what this version of the gateway writes.`)
  return value
}

/** Fails with a sentence when the disk is full, or the folder is not this user's. */
export async function writeStateFile(path: string, value: unknown): Promise<void> {
  try {
    await replaceFile(path, value)
  } catch (error) {
    throw new GatewayFailure(`${path} cannot be written: ${(error as Error).message}.`)
  }
}

async function replaceFile(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify({ sha256: digestOf(value), value })}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  // The rename itself is durable once the folder is.
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
