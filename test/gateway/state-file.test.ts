/** The catalogue of what can be wrong with a state file. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Type from 'typebox'
import { suite } from 'uvu'
import { equal, instance, is, match, unreachable } from 'uvu/assert'
import { GatewayFailure } from '../../gateway/failure.ts'
import { readStateFile, writeStateFile } from '../../gateway/state-file.ts'
import { makeFolder } from './samples.ts'

const test = suite('state file')
const schema = Type.Object({ name: Type.String(), numbers: Type.Array(Type.Integer()) })
const value = { name: 'n1', numbers: [1, 2, 3] }
// Written by the first version: what it once wrote has to be read for good.
const sha256 = 'f42b72fc5a4c3420301d007fef1ba07003220fd3c66f523cdd93a64a6f4c9888'
const golden = `{"sha256":"${sha256}","value":{"name":"n1","numbers":[1,2,3]}}\n`

const newPath = () => join(makeFolder(), 'state.json')

function whyRefused(path: string): string {
  try {
    readStateFile(path, schema)
  } catch (error) {
    instance(error, GatewayFailure)
    return (error as Error).message
  }
  return unreachable('the file was accepted') as never
}

test('reads what it wrote, and nothing where there is no file', async () => {
  const path = newPath()
  is(readStateFile(path, schema), undefined)
  await writeStateFile(path, value)
  equal(readStateFile(path, schema), value)
  await writeStateFile(path, { ...value, name: 'n2' })
  is(readStateFile(path, schema)?.name, 'n2')
})

test('writes the same bytes as the first version did', async () => {
  const path = newPath()
  await writeStateFile(path, value)
  is(readFileSync(path, 'utf8'), golden)
})

test('refuses a file that was cut anywhere', async () => {
  const path = newPath()
  for (let length = 0; length < golden.length - 1; length += 1) {
    writeFileSync(path, golden.slice(0, length))
    match(whyRefused(path), /cannot be read|damaged/)
  }
})

test('refuses a file with a bit flipped, wherever it is', async () => {
  const path = newPath()
  const bytes = Buffer.from(golden.trimEnd())
  for (let bit = 0; bit < bytes.length * 8; bit += 5) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    writeFileSync(path, flipped)
    match(whyRefused(path), /cannot be read|damaged/)
  }
})

test('refuses a good checksum over another kind of value', async () => {
  const path = newPath()
  await writeStateFile(path, { name: 5 })
  match(whyRefused(path), /not what this version of the gateway writes/)
})

test('keeps the old value when the new one cannot be written', async () => {
  const path = newPath()
  await writeStateFile(path, value)
  const failed = await writeStateFile(join(path, 'below'), value).catch((error: Error) => error)
  instance(failed, GatewayFailure)
  match((failed as Error).message, `${join(path, 'below')} cannot be written: `)
  equal(readStateFile(path, schema), value)
})

test('survives what a crash between its steps leaves behind', async () => {
  const path = newPath()
  await writeStateFile(path, value)
  writeFileSync(`${path}.new`, 'half a fi')
  equal(readStateFile(path, schema), value)
  await writeStateFile(path, { ...value, name: 'n2' })
  is(readStateFile(path, schema)?.name, 'n2')
  is(existsSync(`${path}.new`), false)
})

test.run()
