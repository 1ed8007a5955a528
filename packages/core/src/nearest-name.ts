// What somebody meant who misspelt a name.

/** The known name that is at most three letters away, case ignored; the nearest of them, or `undefined`. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map(candidate => ({ candidate, distance: distance(given.slice(0, 64), candidate) }))
    .filter(({ candidate, distance }) => distance <= 3 && distance < candidate.length)
    .sort((a, b) => a.distance - b.distance)
  return nearest?.candidate
}

// Levenshtein, one row at a time.
function distance(given: string, known: string): number {
  const a = given.toLowerCase()
  const b = known.toLowerCase()
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
