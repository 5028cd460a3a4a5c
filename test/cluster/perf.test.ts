/** The measurements themselves, each as short as can be: that they run, not what they find. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Amplified } from '../../perf/amplification.ts'
import {
  type Breakdown,
  type ClusterRow,
  measurePlace as measureCluster,
} from '../../perf/cluster.ts'
import type { PerfOptions } from '../../perf/options.ts'
import { measurePlace as measurePath } from '../../perf/path.ts'
import { buildPrograms } from '../../perf/programs.ts'
import { measureRecovery, type Recovered } from '../../perf/recovery.ts'
import type { Section } from '../../perf/section.ts'
import { measurePlace as measureStore, storeCases } from '../../perf/store.ts'
import { measureAging } from '../../perf/store-aging.ts'
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
  const small = { ...place, inMemory: false, fileBytes: 2 ** 30, spanBytes: 2 ** 28 }
  expectFigures([await measureStore(small, storeCases.slice(-1), options)])
})

test('a store is aged', async () => {
  const aging = { deviceBytes: 2 ** 27, segmentBytes: 2 ** 20, percents: [50], percentInDetail: 50 }
  const reports = await measureAging(options, aging)
  assert.equal(
    reports.map(({ name, lines }) => [name, lines.length]),
    [
      ['store-aging', 2],
      ['store-latency', 4],
      ['store-index', 6],
    ],
  )
  const [aged] = reports.map(({ data }) => data as { rows: Amplified[] })
  for (const { report, amplification: found } of aged?.rows ?? []) {
    assert.is(report.full, false)
    assert.ok(found.moved > 0 && found.index > 0 && found.headers > 0)
    assert.ok(Math.abs(found.all - 1 - found.moved - found.index - found.headers) < 0.01)
  }
})

test('a store is killed and opened again', async () => {
  const reports = await measureRecovery(options, [{ dataBytes: 2 ** 30, overwriteSeconds: 1 }])
  const [recovered] = reports.flatMap(({ data }) => (data as { rows: Recovered[] }).rows)
  assert.ok(recovered)
  assert.ok(recovered.overwrites > 0)
  assert.is(recovered.afterKill.store.liveBytes, 2 ** 30)
  assert.is(recovered.afterClose.store.liveBytes, 2 ** 30)
  assert.ok(recovered.fileBytes < 2 ** 30)
})

test('three copies are measured against one, on three gateways', async () => {
  const sizes = { volumeBytes: 2 ** 27, deviceBytes: 2 ** 30 }
  const here = { ...place, ...sizes }
  const { lines, data } = await measureCluster(here, smallCases.slice(0, 1), options)
  assert.is(lines.length, 1)
  const { rows, breakdown } = data as { rows: ClusterRow[]; breakdown: Breakdown }
  for (const { oneCopy, threeCopies } of rows) {
    for (const { iops, latencyUs, cpuUsPerIo } of [oneCopy, threeCopies])
      assert.ok(iops > 0 && latencyUs.p50 > 0 && cpuUsPerIo > 0)
  }
  assert.ok(breakdown.roundTripUs > 0 && breakdown.storeUs > 0)
})

test('the whole path is measured against both', async () => {
  const sections = await measurePath(place, smallCases.slice(-1), options)
  assert.is(sections.length, 2)
  expectFigures(sections)
})

test.run()
