/** The simulator: what it finds on small cells, its words, and its text. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { describe, inBytes, inTime } from '../../placement/describe-simulation.ts'
import { conflictsOf, type Simulation, simulate } from '../../placement/simulate.ts'
import { measureChanges } from '../../placement/simulate-changes.ts'
import { parseOptions, type SimulatorOptions, usage } from '../../placement/simulator-options.ts'
import { defaultSettings } from '../../placement/topology.ts'
import { evenCell, makeGroups, setState } from './support/cells.ts'

function optionsOf(...words: string[]): SimulatorOptions {
  const parsed = parseOptions(words)
  if (parsed.kind !== 'run') throw new Error(parsed.kind === 'wrong' ? parsed.reason : 'help')
  return parsed.options
}

const small = ['--nodes', '60', '--racks', '12', '--volumes', '2000', '--node-tb=150']

function run(...words: string[]): Simulation {
  const outcome = simulate(optionsOf(...small, ...words), () => 0)
  if (outcome.kind === 'refused') throw new Error(outcome.reason)
  return outcome.simulation
}

test('a cell is balanced, apart, and changes with about the least moves', () => {
  const { conflicts, capacity, primaries, changes } = run()
  assert.is(conflicts, 0)
  assert.ok(capacity.max / capacity.mean < 1.02, `${capacity.max} of ${capacity.mean}`)
  assert.ok(primaries.max / primaries.mean < 1.05, `${primaries.max} of ${primaries.mean}`)
  assert.equal(
    changes.map(({ what }) => what),
    ['add a node', 'add a rack', 'drain a node', 'drain a rack'],
  )
  for (const { what, movedBytes, leastBytes, fullestAfter, stuck } of changes) {
    assert.ok(movedBytes <= 1.05 * leastBytes, `${what}: ${movedBytes} of ${leastBytes}`)
    assert.ok(movedBytes >= 0.9 * leastBytes, `${what}: ${movedBytes} of ${leastBytes}`)
    assert.ok(fullestAfter < 1.1, `${what}: ${fullestAfter}`)
    assert.is(stuck, 0)
  }
})

test('uneven capacities and zones are balanced, too', () => {
  const { conflicts, capacity } = run('--uneven-percent', '50', '--zones', '3')
  assert.is(conflicts, 0)
  assert.ok(capacity.max / capacity.mean < 1.1, `${capacity.max} of ${capacity.mean}`)
})

test('the same words give the same result', () => {
  assert.equal(run(), run())
})

test('metadata is counted by what is written', () => {
  const { metadata, extentsPerVolume, groups } = run()
  assert.is(extentsPerVolume, 932)
  assert.is(metadata.mapBytes, 2000 * (15 + 16 + 4 * 932))
  assert.ok(metadata.groupBytes / groups > 100 && metadata.groupBytes / groups < 300)
})

test('a drain that racks do not allow says how many groups stay', () => {
  const nodes = evenCell(3, 2)
  const groups = makeGroups({ nodes, settings: defaultSettings, copies: 3 })
  const changes = measureChanges(nodes, groups, defaultSettings, 1)
  assert.is(changes.find(({ what }) => what === 'drain a rack')?.stuck, groups.length)
  assert.is(changes.find(({ what }) => what === 'drain a node')?.stuck, 0)
})

test('conflicts are seen when there are any', () => {
  const nodes = evenCell(4, 2)
  const groups = makeGroups({ nodes, settings: defaultSettings, copies: 3 })
  assert.is(conflictsOf(nodes, groups), 0)
  const oneRack = nodes.map((node) => ({ ...node, rack: 'r0' }))
  assert.is(conflictsOf(oneRack, groups), groups.length)
  const out = setState(nodes, 'out', (name) => name === 'n0')
  assert.ok(conflictsOf(out, groups) > 0)
})

test('volumes that do not fit are refused with which one and why', () => {
  const outcome = simulate(
    optionsOf('--nodes=60', '--racks=12', '--volumes=2000', '--node-tb=50'),
    () => 0,
  )
  assert.match(
    outcome.kind === 'refused' ? outcome.reason : '',
    /^Volume \d+ of 2000: .* bytes free/,
  )
})

test('options have defaults of the planned cell, and both forms', () => {
  const options = optionsOf()
  assert.equal(
    [options.nodes, options.racks, options.volumes, options.copies],
    [1000, 50, 100_000, 3],
  )
  assert.is(optionsOf('--nodes=60').nodes, 60)
  assert.is(optionsOf('--disk-afr', '0.9')['disk-afr'], 0.9)
})

test('bad options are refused with what is right', () => {
  const reasonOf = (...words: string[]) => {
    const parsed = parseOptions(words)
    return parsed.kind === 'wrong' ? parsed.reason : ''
  }
  assert.match(reasonOf('--speed', '1'), /no option "--speed"/)
  assert.match(reasonOf('12'), /no option "12"/)
  assert.match(reasonOf('--nodes'), /whole number from 1 to 10000, not nothing/)
  assert.match(reasonOf('--nodes', '-5'), /not "-5"/)
  assert.match(reasonOf('--nodes', '1.5'), /not "1.5"/)
  assert.match(reasonOf('--nodes', '1e3'), /not "1e3"/)
  assert.match(reasonOf('--copies', '4'), /from 1 to 3/)
  assert.match(reasonOf('--nodes', '5', '--nodes=6'), /given twice/)
  assert.match(reasonOf('--nodes', '5', '--racks', '6'), /6 racks need as many nodes/)
  assert.match(reasonOf('--racks', '4', '--zones', '5'), /5 zones need as many racks/)
  assert.match(reasonOf('--racks', '2'), /3 copies need as many racks/)
})

test('help lists every option with its default', () => {
  assert.is(parseOptions(['--help']).kind, 'help')
  for (const name of Object.keys(optionsOf())) assert.match(usage, `--${name} `)
})

test('the text has balance, moves, metadata, nines and what they assume', () => {
  const text = describe(optionsOf(...small), run())
  for (const part of [
    /^Placed 2000 volumes of 1 TB, 3 copies, on 60 nodes in 12 racks\.$/m,
    /capacity .* max\/mean 1\.0/,
    /primaries .* max\/mean 1\.0/,
    /members too close\s+0$/m,
    /add a node .* ratio /,
    /drain a rack .* ratio 1\.0/,
    /volume maps .*\(4 bytes/,
    /an extent .* nines/,
    /Assumed:/,
    /1 % of disks/,
  ])
    assert.match(text, part)
})

test('sizes and times have units that suit them', () => {
  assert.equal([0, 999, 1000, 999_600, 4e14].map(inBytes), [
    '0 B',
    '999 B',
    '1 kB',
    '1 MB',
    '400 TB',
  ])
  assert.equal([5, 600, 36_000].map(inTime), ['5 s', '10 min', '10.0 h'])
})

test.run()
