/** Preloaded into the quick start's children: they end when the parent is gone, however it went. */
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
// The listener alone would keep the process from ending by itself.
process.channel?.unref()
