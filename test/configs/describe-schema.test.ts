/** What configuration schemas accept, in words. */
import Type from 'typebox'
import { suite } from 'uvu'
import { is } from 'uvu/assert'
import { Bytes } from '../../configs/bytes.ts'
import { describeSchema, type SchemaNode, schemaAt } from '../../configs/describe-schema.ts'

const test = suite('describe schema')

test('says what each kind of setting accepts', () => {
  const expected: [unknown, string][] = [
    [Type.Boolean(), 'true or false'],
    [Type.Number(), 'a number'],
    [Type.Number({ minimum: 0.5 }), 'a number of at least 0.5'],
    [Type.Integer({ maximum: 9 }), 'a whole number of at most 9'],
    [Type.Integer({ minimum: 1, maximum: 9 }), 'a whole number from 1 to 9'],
    [Bytes({ minimum: 4096 }), 'a size such as "64 MiB" of at least 4 KiB'],
    [Bytes({ multipleOf: 4096 }), 'a size such as "64 MiB", a multiple of 4096'],
    [Type.String(), 'text'],
    [Type.String({ minLength: 2, maxLength: 5 }), 'text of 2 to 5 characters'],
    [Type.String({ pattern: '^a' }), 'text of the form ^a'],
    [Type.String({ pattern: '^a', 'x-form': 'an a first' }), 'text of the form an a first'],
    [Type.Array(Type.String(), { maxItems: 3 }), 'a list of at most 3 entries'],
    [Type.Object({ a: Type.String(), b: Type.String() }), 'settings (a, b)'],
    [Type.Union([Type.Literal('x'), Type.Literal('y')]), 'one of "x", "y"'],
    [undefined, 'something else'],
  ]
  for (const [schema, words] of expected) is(describeSchema(schema as SchemaNode), words)
})

test('finds the place that a pointer leads to, through lists too', () => {
  const schema = Type.Object({ list: Type.Array(Type.Object({ a: Type.Boolean() })) })
  is(schemaAt(schema, '')?.type, 'object')
  is(schemaAt(schema, '/list')?.type, 'array')
  is(schemaAt(schema, '/list/5/a')?.type, 'boolean')
  is(schemaAt(schema, '/other/a'), undefined)
})

test.run()
