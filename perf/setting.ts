/** Where things run and what they are called, the same in every measurement. */

/** One core serves, the other loads. */
export const targetCpu = 0
export const loadCpu = 1

export const ramSubsystemNqn = 'nqn.2024-01.io.ashlar:perf-ram'
export const loadHostNqn = 'nqn.2024-01.io.ashlar:load-generator'
export const ramVolumeBytes = 1024 ** 3

/** How much longer than it measures a program may take before it counts as hung. */
export const graceSeconds = 60
