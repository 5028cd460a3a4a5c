/** Creates a volume: available at once where nodes have room, else waiting for some that may. */
import { randomUUID } from 'node:crypto'
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import { findPlace } from '../find-place.ts'
import type { VolumeBody, VolumeCreateBody } from '../http/schemas/volume.ts'
import { takeNumbers } from '../model/counter.ts'
import { absent, putRecord } from '../model/record.ts'
import { type Volume, volumeIdOf, volumeKind, volumeNamePrefix } from '../model/volume.ts'
import { type Change, createOnce } from '../once.ts'
import { presentVolume } from '../present/present-volume.ts'
import { checkNameFree, checkSize } from './volume-rules.ts'

export function createVolume(
  control: Control,
  body: VolumeCreateBody,
  key?: string,
): Promise<VolumeBody> {
  checkSize(control, body.sizeBytes)
  const request = { key, operation: 'createVolume', body }
  return control.inTurn(() => createOnce(control, request, () => attempt(control, body)))
}

async function attempt(control: Control, body: VolumeCreateBody): Promise<Change<VolumeBody>> {
  const { name, sizeBytes, copies = control.cell.copies, labels = {} } = body
  await checkNameFree(control, name)
  const counter = await takeNumbers(control.store, 'volume')
  const id = volumeIdOf(counter.first)
  const place = await findPlace(control, { id, number: counter.first, copies, sizeBytes })
  if (place.kind === 'none') throw new ControlError(place.code, place.reason, place.pointer)
  const found = place.kind === 'found' ? place : undefined
  const volume: Volume = {
    id,
    number: counter.first,
    name,
    sizeBytes,
    labels,
    uuid: randomUUID(),
    fence: 0,
    copies,
    placementGroups: found?.placementGroups ?? [],
    ...(found && { home: found.home }),
    state:
      place.kind === 'wait' ? { kind: 'creating', reason: place.reason } : { kind: 'available' },
    createdAt: new Date().toISOString(),
  }
  return {
    compare: [counter.compare, absent(volumeNamePrefix + name), ...(found?.compare ?? [])],
    operations: [
      counter.operation,
      putRecord(volumeKind, id, volume),
      { kind: 'put', key: volumeNamePrefix + name, value: Buffer.from(id) },
      ...(found?.operations ?? []),
    ],
    answer: presentVolume(control, volume),
  }
}
