/** Volumes as the API gives and takes them. */
import { Type } from 'typebox'
import { type Copies, placementLimits } from '../../../placement/topology.ts'
import { blockBytes } from '../../model/cell.ts'
import { volumeNamePattern, volumeStateKinds } from '../../model/volume.ts'
import { pageOf, pageQueryProperties, refTo, textOf } from './common.ts'

export const volumeBytesMin = 1024 ** 2
export const volumeBytesCeiling = 64 * 1024 ** 4
export const labelsMax = 64

const labelKeyPattern = '^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$'

const name = Type.String({
  pattern: volumeNamePattern,
  description:
    'Unique in the cell: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning and ending with a ' +
    'letter or digit. It cannot have the form of an id.',
  examples: ['db-1'],
})

const sizeBytes = Type.Integer({
  minimum: volumeBytesMin,
  maximum: volumeBytesCeiling,
  multipleOf: blockBytes,
  description:
    'A multiple of 4096 (other sizes are refused, not rounded), from 1 MiB to 64 TiB; a cell ' +
    'with small extents has a lower limit.',
  examples: [10_737_418_240],
})

const copies = Type.Integer({
  minimum: 1,
  maximum: placementLimits.copiesMax,
  description:
    'How many copies of each block, each in another rack; it stays as it is. A cell with fewer ' +
    'racks refuses the volume.',
})

const labelValue = Type.String({ maxLength: 255 })

const labels = Type.Unsafe<Record<string, string>>({
  type: 'object',
  maxProperties: labelsMax,
  propertyNames: { pattern: labelKeyPattern },
  additionalProperties: labelValue,
  description: 'Up to 64 labels: names of 1 to 63 characters, values of up to 255.',
  examples: [{ team: 'billing' }],
})

const labelChanges = Type.Unsafe<Record<string, string | null>>({
  type: 'object',
  maxProperties: 2 * labelsMax,
  propertyNames: { pattern: labelKeyPattern },
  additionalProperties: { anyOf: [labelValue, { type: 'null' }] },
  description: 'Labels to set; null removes one. Labels that are not named stay.',
  examples: [{ team: 'billing', old: null }],
})

export const idOrName = Type.String({
  minLength: 1,
  maxLength: 63,
  description: "A volume's id or name.",
  examples: ['db-1'],
})

export const volumeSchema = Type.Object(
  {
    id: Type.String({
      description: 'Never given again; also the serial number its hosts see.',
      examples: ['vol-0000000000000001'],
    }),
    name,
    sizeBytes,
    copies,
    labels,
    uuid: Type.String({ format: 'uuid', description: "The namespace's UUID and NGUID." }),
    subsystemNqn: Type.String({
      examples: ['nqn.2026-01.io.ashlar:vol-0000000000000001'],
    }),
    state: textOf(
      volumeStateKinds,
      'creating: waits for nodes with room. available: can be attached. in-use: attached, or ' +
        'being attached or detached. deleting: its blocks are being forgotten. ' +
        'error: see the reason.',
    ),
    reason: Type.Optional(
      Type.String({ description: 'A sentence: what it waits for, or what is wrong.' }),
    ),
    node: Type.Optional(
      Type.String({
        description:
          'The node whose gateway serves it, or will when it is attached; missing while creating.',
      }),
    ),
    attachmentId: Type.Optional(Type.String({ description: 'Its attachment, while it has one.' })),
    createdAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'Volume' },
)

export type VolumeBody = Type.Static<typeof volumeSchema>

export const volumeCreateSchema = Type.Object(
  {
    name,
    sizeBytes,
    copies: Type.Optional(Type.Unsafe<Copies>(copies)),
    labels: Type.Optional(labels),
  },
  {
    $id: 'VolumeCreate',
    additionalProperties: false,
    examples: [{ name: 'db-1', sizeBytes: 10_737_418_240, labels: { team: 'billing' } }],
  },
)

export type VolumeCreateBody = Type.Static<typeof volumeCreateSchema>

export const volumeChangeSchema = Type.Object(
  {
    name: Type.Optional(name),
    sizeBytes: Type.Optional(sizeBytes),
    labels: Type.Optional(labelChanges),
  },
  {
    $id: 'VolumeChange',
    additionalProperties: false,
    minProperties: 1,
    examples: [{ sizeBytes: 21_474_836_480 }],
  },
)

export type VolumeChangeBody = Type.Static<typeof volumeChangeSchema>

export const volumeListSchema = pageOf('VolumeList', refTo<VolumeBody>('Volume'))

export type VolumeListBody = Type.Static<typeof volumeListSchema>

export const volumeListQuerySchema = Type.Object(
  {
    ...pageQueryProperties,
    name: Type.Optional(
      Type.String({ maxLength: 63, description: 'Only the volume of this name.' }),
    ),
    state: Type.Optional(textOf(volumeStateKinds, 'Only volumes in this state.')),
    label: Type.Optional(
      Type.Array(Type.String({ pattern: '^[^=]+(=.*)?$', maxLength: 319 }), {
        maxItems: 16,
        description:
          'Only volumes with this label: `key`, or `key=value`. Repeat it to ask for several.',
        examples: [['team=billing']],
      }),
    ),
  },
  { additionalProperties: false },
)

export type VolumeListQuery = Type.Static<typeof volumeListQuerySchema>
