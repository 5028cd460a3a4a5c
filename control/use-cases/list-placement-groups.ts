/** Lists placement groups by number. */
import type { Control } from '../control.ts'
import { groupState } from '../groups/group-state.ts'
import type {
  PlacementGroupListBody,
  PlacementGroupQuery,
} from '../http/schemas/placement-group.ts'
import { placementGroupKind } from '../model/placement-group.ts'
import { presentPlacementGroup } from '../present/present-placement-group.ts'
import { readPage } from './read-page.ts'

export async function listPlacementGroups(
  control: Control,
  query: PlacementGroupQuery,
): Promise<PlacementGroupListBody> {
  const { state, node: wanted } = query
  const { items, ...next } = await readPage(
    control.store,
    placementGroupKind,
    query,
    (group) =>
      (state === undefined || groupState(group, control.fleet) === state) &&
      (wanted === undefined || group.members.some(({ node }) => node === wanted)),
  )
  return { items: items.map(({ value }) => presentPlacementGroup(control, value)), ...next }
}
