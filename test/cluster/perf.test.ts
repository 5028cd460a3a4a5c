/** The measurements themselves, each as short as can be: that they run, not what they find. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { PerfOptions } from '../../perf/options.ts'
import { measurePlace as measurePath } from '../../perf/path.ts'
import { buildPrograms } from '../../perf/programs.ts'
import type { Section } from '../../perf/section.ts'
import { measurePlace as measureStore, storeCases } from '../../perf/store.ts'
import { measureCases, smallCases } from '../../perf/target.ts'

const folder = mkdtempSync(join(tmpdir(), 'ashlar-perf-'))
// The tests' own build has the libraries already.
const options: PerfOptions = {
  names: [],
  seconds: 1,
  rounds: 1,
  disk: folder,
  memory: folder,
  build: 'build/test',
}
const place = { name: 'test', title: 'A test', folder, durability: 'none' } as const

test.before(() => buildPrograms(options.build))

test.after(() => rmSync(folder, { recursive: true, force: true }))

function expectFigures(sections: readonly Section[]): void {
  for (const { name, rows } of sections) {
    assert.is(rows.length, 1, name)
    for (const { ours, theirs } of rows) {
      assert.ok(ours.iops > 0 && ours.latencyUs.p50 > 0, name)
      assert.ok(theirs.iops > 0 && theirs.latencyUs.p50 > 0, name)
    }
  }
}

test('the target is measured against an echo', async () => {
  expectFigures([await measureCases(smallCases.slice(0, 1), options)])
})

test('the store is measured against fio', async () => {
  const small = { ...place, fileBytes: 2 ** 30, spanBytes: 2 ** 28 }
  expectFigures([await measureStore(small, storeCases.slice(-1), options)])
})

test('the whole path is measured against both', async () => {
  const sections = await measurePath(place, smallCases.slice(-1), options)
  assert.is(sections.length, 2)
  expectFigures(sections)
})

test.run()
