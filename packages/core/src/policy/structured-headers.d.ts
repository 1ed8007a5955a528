// The types of `structured-headers` speak of a DOM type, which a library for Node does not load.

type BufferSource = ArrayBufferView | ArrayBuffer
