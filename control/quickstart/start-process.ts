/** Starts one of a layout's processes, by its name. */
import { type Child, startChild } from './child.ts'
import { etcdName, startEtcd } from './etcd.ts'
import { filesOf, type Layout } from './layout.ts'

export function startProcess(layout: Layout, name: string): Child {
  if (name === etcdName) return startEtcd(layout)
  const { config, log } = filesOf(layout, name)
  const gateway = layout.gateways.find((one) => one.name === name)
  const main = gateway ? 'gateway/main.ts' : 'control/main.ts'
  const inside = gateway?.namespace === undefined ? {} : { namespace: gateway.namespace }
  return startChild({ name, main, args: ['--config', config], logPath: log, ...inside })
}
