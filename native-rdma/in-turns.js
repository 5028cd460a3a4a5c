/** Runs the tasks of each key one after another, and those of different keys side by side. */
export function inTurns() {
  const last = new Map()
  return (key, task) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(task)
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    last.set(key, settled)
    settled.then(() => {
      if (last.get(key) === settled) last.delete(key)
    })
    return turn
  }
}
