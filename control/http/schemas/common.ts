/** Pieces that several schemas share. */
import { type TSchema, Type } from 'typebox'

export const pageLimitMax = 1000
export const pageLimitDefault = 100

/** A text that the API only gives out: its values are listed, so that clients can match on them. */
export const textOf = <T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], description })

/** A reference to a component of /openapi.json, typed as what it refers to. */
export const refTo = <T>(id: string) => Type.Unsafe<T>({ $ref: `${id}#` })

export const pageQueryProperties = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: pageLimitMax,
      default: pageLimitDefault,
      description: 'How many items the page has at most.',
    }),
  ),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 512,
      description:
        'Where the page begins: the `nextCursor` of the page before. Leave it out for the first.',
    }),
  ),
}

export const pageOf = <T extends TSchema>(id: string, item: T) =>
  Type.Object(
    {
      items: Type.Array(item),
      nextCursor: Type.Optional(
        Type.String({ description: 'Ask with it for the next page; missing on the last one.' }),
      ),
    },
    { $id: id },
  )

export const addressSchema = Type.Object(
  {
    transport: textOf(['tcp'], 'How hosts reach it.'),
    address: Type.String({ examples: ['192.0.2.11'] }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, examples: [4420] }),
  },
  { $id: 'Address', description: 'Where a gateway answers hosts.' },
)

export type Address = Type.Static<typeof addressSchema>

export const idempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[\\x21-\\x7e]+$',
      description:
        'Makes the request safe to repeat: the same key and body give the same answer for a day, ' +
        'and create nothing again.',
      examples: ['6f1c2f1e-6f0a-4a58-9df5-0b6b9f3f9a51'],
    }),
  ),
})
