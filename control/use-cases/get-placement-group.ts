/** Gets a placement group by its number. */
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import type { PlacementGroupBody } from '../http/schemas/placement-group.ts'
import { placementGroupKind, placementGroupName } from '../model/placement-group.ts'
import { readRecord } from '../model/record.ts'
import { presentPlacementGroup } from '../present/present-placement-group.ts'

export async function getPlacementGroup(
  control: Control,
  number: string,
): Promise<PlacementGroupBody> {
  const name = /^[1-9]\d{0,9}$/.test(number) ? placementGroupName(Number(number)) : undefined
  const found = name && (await readRecord(control.store, placementGroupKind, name))
  if (!found)
    throw new ControlError('PLACEMENT_GROUP_NOT_FOUND', `There is no placement group ${number}.`)
  return presentPlacementGroup(control, found.value)
}
