// `node --import ./bench/tell-cpu.mjs app.ts`: tells the process that started it what CPU time it has taken, every 50 ms.

setInterval(() => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
}, 50).unref()
