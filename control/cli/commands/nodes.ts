/** `ashlar nodes …` */
import type { Command } from 'commander'
import type { NodeBody } from '../../http/schemas/node.ts'
import type { NodeFilter } from '../api/api.ts'
import { createContext } from '../context.ts'
import { showAddresses, showBytes, showFields, showTable } from '../show.ts'
import type { Surroundings } from '../surroundings.ts'

export function addNodeCommands(program: Command, around: Surroundings): void {
  const nodes = program.command('nodes').description('the machines whose gateways hold volumes')
  nodes
    .command('list')
    .description('list nodes')
    .option('--rack <rack>', 'only nodes of this rack')
    .option('--health <health>', 'only nodes of this health')
    .action(async (filter: NodeFilter, command: Command) => {
      const { api, result } = createContext(command, around)
      const found = await api.listNodes(filter)
      result(found, () => showNodes(found))
    })
  nodes
    .command('show <node>')
    .description('show a node, by name')
    .action(async (name: string, _: object, command: Command) => {
      const { api, result } = createContext(command, around)
      const node = await api.getNode(name)
      result(node, () => showNode(node))
    })
  addDrainCommands(nodes, around)
}

function addDrainCommands(nodes: Command, around: Surroundings): void {
  nodes
    .command('drain <node>')
    .description('empty a node: its placement groups move to others, and it serves meanwhile')
    .action(async (name: string, _: object, command: Command) => {
      const { api, result } = createContext(command, around)
      const node = await api.drainNode(name)
      result(node, () => sayDrain(node))
    })
  nodes
    .command('undrain <node>')
    .description('take back a node that is emptied; what has begun to move goes to its end')
    .action(async (name: string, _: object, command: Command) => {
      const { api, result } = createContext(command, around)
      const node = await api.undrainNode(name)
      result(node, () => `Node ${node.name} takes part again.\n`)
    })
}

function sayDrain({ name, drain, placementGroups }: NodeBody): string {
  if (drain === 'drained') return `Node ${name} holds nothing any more.\n`
  return `Node ${name} is being emptied of ${placementGroups} placement groups: ashlar status.\n`
}

function showNodes(nodes: readonly NodeBody[]): string {
  if (nodes.length === 0) return 'There are no nodes: no gateway has registered.\n'
  const heading = [
    'NAME',
    'RACK',
    'HEALTH',
    'DRAIN',
    'CAPACITY',
    'USED',
    'FREE',
    'GROUPS',
    'HOSTS',
    'REASON',
  ]
  const rows = nodes.map((node) => [
    node.name,
    node.rack,
    node.health,
    node.drain === 'none' ? '' : node.drain,
    showBytes(node.capacityBytes),
    showBytes(node.usedBytes),
    showBytes(node.freeBytes),
    String(node.placementGroups),
    String(node.hostConnections),
    node.reason ?? '',
  ])
  return showTable(heading, rows)
}

function showNode(node: NodeBody): string {
  const fields = showFields({
    Name: node.name,
    Rack: node.rack,
    Zone: node.zone,
    Health: node.health,
    Reason: node.reason,
    Drain: node.drain === 'none' ? '' : node.drain,
    Number: String(node.number),
    Groups: String(node.placementGroups),
    Address: showAddresses([node.address]),
    Discovery: showAddresses([node.discoveryAddress]),
    Capacity: showBytes(node.capacityBytes),
    Used: showBytes(node.usedBytes),
    Provisioned: showBytes(node.provisionedBytes),
    Free: showBytes(node.freeBytes),
    Hosts: String(node.hostConnections),
    Software: node.softwareVersion,
  })
  const heading = [
    'DEVICE',
    'CAPACITY',
    'USED',
    'LIVE',
    'ERASING',
    'WRITE AMP',
    'LOG TAIL',
    'INDEX',
    'DAMAGE SEEN',
    'DURABILITY',
    'STATE',
  ]
  const rows = node.devices.map((device) => [
    device.path,
    showBytes(device.capacityBytes),
    showBytes(device.usedBytes),
    showBytes(device.liveBytes),
    device.store ? showBytes(device.store.erasingBytes) : '',
    device.store?.writeAmplification?.toFixed(2) ?? '',
    device.store ? showBytes(device.store.logTailBytes) : '',
    device.store ? showBytes(device.store.indexBytes) : '',
    device.store ? String(device.store.checksumErrors) : '',
    device.durability,
    device.failed ? 'failed' : 'good',
  ])
  return rows.length === 0 ? fields : `${fields}\n${showTable(heading, rows)}`
}
