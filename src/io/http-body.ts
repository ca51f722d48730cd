// The body of an answer in memory: bytes in one place outside of V8's heap, which text of many pages would make grow.
// (Chunks as they come would stay there, too, until V8 looks for garbage: 1 MiB for each page of a long list.)
const firstBytes = 64 * 1024
const pieceBytes = 64 * 1024

export type Body = {
  /** Answers false, and takes nothing, when there is no room for it. */
  readonly add: (chunk: Uint8Array) => boolean
  readonly text: () => string
  /** Once, and the last thing: the memory is given back with the last piece, or when the reader stops. */
  readonly pieces: () => Generator<string>
}

/** For at most so many bytes. */
export function openBody(maxBytes: number): Body {
  let bytes = new ArrayBuffer(Math.min(firstBytes, maxBytes))
  let size = 0
  return {
    add: (chunk) => {
      const wanted = size + chunk.length
      if (wanted > maxBytes) return false
      // `transfer` frees what it moves from at once.
      if (wanted > bytes.byteLength) bytes = bytes.transfer(Math.min(maxBytes, Math.max(wanted, bytes.byteLength * 2)))
      new Uint8Array(bytes).set(chunk, size)
      size = wanted
      return true
    },
    text: () => new TextDecoder().decode(new Uint8Array(bytes, 0, size)),
    pieces: function* () {
      const decoder = new TextDecoder()
      try {
        for (let at = 0; at < size; at += pieceBytes) yield decoder.decode(new Uint8Array(bytes, at, Math.min(pieceBytes, size - at)), { stream: true })
        yield decoder.decode()
      } finally {
        bytes.transfer(0)
      }
    },
  }
}
