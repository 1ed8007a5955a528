// A trace as text: each span below its parent, in the order of their names, so that it can be compared.

import type { CollectedSpan } from '../support/otlp-collector.ts'

/** The spans of one trace. */
export function traceOf(spans: readonly CollectedSpan[], root: CollectedSpan): CollectedSpan[] {
  return spans.filter(({ traceId }) => traceId === root.traceId)
}

/** `line` says what stands there of a span; its name and kind, unless told otherwise. */
export function treeOf(spans: readonly CollectedSpan[], line = nameAndKind): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  const below = (parent: string | undefined): CollectedSpan[] =>
    spans
      .filter(({ parentSpanId }) =>
        parent === undefined ? parentSpanId === undefined || !ids.has(parentSpanId) : parentSpanId === parent,
      )
      .toSorted((a, b) => (a.name === b.name ? a.startedAt - b.startedAt : a.name < b.name ? -1 : 1))
  const lines = (parent: string | undefined, indent: string): string[] =>
    below(parent).flatMap(span => [`${indent}${line(span)}`, ...lines(span.spanId, `${indent}  `)])
  return lines(undefined, '')
}

function nameAndKind({ name, kind }: CollectedSpan): string {
  return kind === 'internal' ? name : `${name} (${kind})`
}
