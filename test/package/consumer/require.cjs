// A CommonJS user: requires an entry point and, for a door, runs its application.

const [entry, app] = process.argv.slice(2)
const names = require(entry)

async function main() {
  const answers = app ? await require('./ask.cjs')(require(app)(names)) : []
  console.log(JSON.stringify({ names: Object.keys(names), answers }))
}

main()
