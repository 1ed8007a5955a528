// Plots as SVG, readable on a light and on a dark page.

export interface BarPlot {
  readonly kind: 'bars'
  readonly title: string
  readonly bars: readonly {
    readonly label: string
    readonly value: number
    /** The quartiles. */
    readonly low?: number
    readonly high?: number
    /** Whether it is Larder. */
    readonly isOurs?: boolean
  }[]
}

export interface LinePlot {
  readonly kind: 'lines'
  readonly title: string
  readonly x: string
  readonly y: string
  /** Powers of ten on the y axis. */
  readonly isLogarithmic?: boolean
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[]
  /** Spans of x that are marked. */
  readonly spans?: readonly { readonly from: number; readonly to: number; readonly label: string }[]
}

export type Plot = BarPlot | LinePlot

const colours = ['#2da44e', '#0969da', '#bf8700', '#cf222e', '#8250df']
const style =
  '<style>text{font:13px system-ui,sans-serif;fill:#656d76}.title{font-weight:600;font-size:14px}.small{font-size:11px}</style>'

export function drawPlot(plot: Plot): string {
  return plot.kind === 'bars' ? drawBars(plot) : drawLines(plot)
}

function drawBars({ title, bars }: BarPlot): string {
  // About 7 pixels a letter.
  const left = Math.max(330, ...bars.map(({ label }) => 16 + 7 * label.length))
  const [width, height] = [left + 430, 24]
  const most = Math.max(...bars.map(({ value, high }) => high ?? value), Number.MIN_VALUE)
  const scale = (value: number) => round((value / most) * (width - left - 70))
  const drawn = bars.map(({ label, value, low, high, isOurs }, i) => {
    const y = 40 + i * height
    const middle = y + height / 2 - 2
    const whisker =
      low === undefined || high === undefined
        ? ''
        : `<path d="M${left + scale(low)} ${middle}H${left + scale(high)}" stroke="#656d76" stroke-width="1.5"/>`
    return [
      `<text x="${left - 8}" y="${middle + 4}" text-anchor="end">${escapeXml(label)}</text>`,
      `<rect x="${left}" y="${y}" width="${scale(value)}" height="${height - 6}" rx="2" fill="${isOurs ? colours[0] : '#8c959f'}"/>`,
      whisker,
      `<text x="${left + scale(Math.max(value, high ?? 0)) + 6}" y="${middle + 4}">${figure(value)}</text>`,
    ].join('')
  })
  return svg(width, 48 + bars.length * height, title, drawn)
}

function drawLines({ title, x, y, isLogarithmic = false, series, spans = [] }: LinePlot): string {
  const [width, height, left, right, top, bottom] = [760, 340, 64, 16, 56, 44]
  const points = series.flatMap(each => each.points)
  const [lastX, mostY] = [Math.max(...points.map(p => p[0]), 1), Math.max(...points.map(p => p[1]), 1e-9)]
  const firstX = Math.min(...points.map(p => p[0]), 0)
  const leastY = isLogarithmic ? Math.min(...points.map(p => p[1]).filter(value => value > 0), mostY) : 0
  const [floor, ceiling] = isLogarithmic
    ? [Math.floor(Math.log10(leastY)), Math.ceil(Math.log10(mostY) + 1e-9)]
    : [0, mostY]
  const atX = (value: number) => round(left + ((value - firstX) / (lastX - firstX)) * (width - left - right))
  const atY = (value: number) => {
    const place = isLogarithmic ? Math.log10(Math.max(value, 10 ** floor)) : value
    return round(height - bottom - ((place - floor) / (ceiling - floor || 1)) * (height - top - bottom))
  }
  const ticks = isLogarithmic
    ? Array.from({ length: ceiling - floor + 1 }, (_, i) => 10 ** (floor + i))
    : Array.from({ length: 5 }, (_, i) => (mostY * i) / 4)
  const grid = ticks.map(
    tick =>
      `<path d="M${left} ${atY(tick)}H${width - right}" stroke="#656d76" stroke-opacity=".25"/><text class="small" x="${left - 6}" y="${atY(tick) + 4}" text-anchor="end">${figure(tick)}</text>`,
  )
  const xTicks = Array.from({ length: 6 }, (_, i) => firstX + ((lastX - firstX) * i) / 5).map(
    tick =>
      `<text class="small" x="${atX(tick)}" y="${height - bottom + 16}" text-anchor="middle">${figure(tick)}</text>`,
  )
  const marked = spans.map(
    ({ from, to, label }) =>
      `<rect x="${atX(from)}" y="${top}" width="${round(atX(to) - atX(from))}" height="${height - top - bottom}" fill="#54aeff" fill-opacity=".18"/><text class="small" x="${atX(from) + 4}" y="${top + 12}">${escapeXml(label)}</text>`,
  )
  const lines = series.map(({ points }, i) => {
    const path = points.map(([px, py], j) => `${j === 0 ? 'M' : 'L'}${atX(px)} ${atY(py)}`).join('')
    return `<path d="${path}" fill="none" stroke="${colours[i % colours.length]}" stroke-width="2"/>`
  })
  const names = series.map(({ name }, i) => {
    const at = left + i * Math.floor((width - left - right) / series.length)
    return `<rect x="${at}" y="34" width="12" height="4" fill="${colours[i % colours.length]}"/><text class="small" x="${at + 18}" y="40">${escapeXml(name)}</text>`
  })
  const axes = [
    `<text class="small" x="${width - right}" y="${height - 8}" text-anchor="end">${escapeXml(x)}</text>`,
    `<text class="small" x="${left}" y="${top - 6}" text-anchor="end">${escapeXml(y)}</text>`,
  ]
  return svg(width, height, title, [...marked, ...grid, ...xTicks, ...lines, ...names, ...axes])
}

function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escapeXml(title)}</title>${style}
<text class="title" x="8" y="22">${escapeXml(title)}</text>
${parts.filter(Boolean).join('\n')}
</svg>
`
}

/** Three digits that count. */
function figure(value: number): string {
  if (value === 0) return '0'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return Number(value.toFixed(Math.min(digits, 6))).toLocaleString('en', { maximumFractionDigits: 6 })
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
