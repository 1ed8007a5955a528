// What the readers are fed: pieces of their own grammar, floods of one piece, and mutations of what they answered in a new way.

const LONGEST = 65_536

/** Of no reader in particular. */
const COMMON = [
  ...', \t"\\=;*-/:()<>@?#%\'`~!.0919aZ',
  '\u0000',
  '\u000b',
  '\u007f',
  '\u0080',
  '\u00a0',
  '\u00ff',
  '\u0130',
  '\u212a',
  '\ufeff',
  '\ud800',
  '\udc00',
  '\u{1f600}',
  '\r\n',
  '__proto__',
  'constructor',
  ', ,',
  '\\"',
  '"\\',
  'a="b"',
  'W/"a"',
]

const SIZES = [0, 1, 2, 4, 8, 16, 32, 64, 128, 512, 1024, 4096, 4097, 8192, 8193, LONGEST]
const MOST_KEPT = 500

/** An endless, repeatable row of inputs for each reader. A reader has a `name` and its `words`. */
export function createInputs(seed) {
  const random = mulberry32(seed)
  const below = count => Math.floor(random() * count)
  const pick = list => list[below(list.length)]
  const kept = new Map()

  const word = reader => (random() < 0.7 ? pick(reader.words) : random() < 0.8 ? pick(COMMON) : character())
  const character = () => String.fromCharCode(random() < 0.8 ? below(256) : below(65_536))
  // Short ones are quick, so there may be many of them.
  const size = () =>
    random() < 0.02 ? LONGEST : Math.min(LONGEST, pick(SIZES.slice(0, random() < 0.1 ? SIZES.length : 9)))

  function sentence(reader) {
    const length = size()
    const between = random() < 0.5 ? pick([', ', ',', '; ', ';', ' ', '=', '/', '']) : undefined
    let text = ''
    while (text.length < length) text += word(reader) + (between ?? pick([', ', ',', ';', '=', ' ', '', '']))
    return text
  }

  function flood(reader) {
    const piece = Array.from({ length: 1 + below(3) }, () => word(reader)).join('')
    const body = piece === '' ? '' : piece.repeat(Math.ceil(size() / piece.length))
    return (random() < 0.5 ? word(reader) : '') + body + (random() < 0.5 ? word(reader) : '')
  }

  function mutated(reader) {
    let text = pick(kept.get(reader.name))
    for (let times = 1 + below(4); times > 0; times--) text = mutate(reader, text)
    return text
  }

  function mutate(reader, text) {
    const at = below(text.length + 1)
    const to = Math.min(text.length, at + below(random() < 0.8 ? 8 : text.length + 1))
    switch (below(8)) {
      case 0:
        return text.slice(0, at) + word(reader) + text.slice(at)
      case 1:
        return text.slice(0, at) + text.slice(to)
      case 2:
        return text.slice(0, at) + character() + text.slice(at + 1)
      case 3:
        return text.slice(0, to) + text.slice(at)
      case 4:
        return text.slice(0, at) + text.slice(at, to).repeat(1 + below(64)) + text.slice(to)
      case 5:
        return text.slice(0, at) + pick(kept.get(reader.name)).slice(below(text.length + 1))
      case 6:
        return random() < 0.5 ? text.toUpperCase() : text.toLowerCase()
      default:
        return text.slice(0, at)
    }
  }

  return {
    next(reader) {
      const way = random()
      const text = kept.has(reader.name) && way < 0.5 ? mutated(reader) : way < 0.85 ? sentence(reader) : flood(reader)
      return cut(text)
    },
    /** It was answered in a new way: go on from there. */
    keep(reader, text) {
      const list = kept.get(reader.name) ?? []
      kept.set(reader.name, list)
      if (list.length < MOST_KEPT) list.push(text)
      else list[below(MOST_KEPT)] = text
    },
  }
}

/** To 64 KiB: beyond Latin-1 a character takes two bytes. */
function cut(text) {
  const most = /[^\0-\xff]/.test(text) ? LONGEST / 2 : LONGEST
  return text.length > most ? text.slice(0, most) : text
}

function mulberry32(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
