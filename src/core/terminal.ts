// Text of others on a terminal: nothing in it may move the cursor, end a line, or turn the reading direction.

const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** With a mark in the place of each such character. */
export function visible(text: string): string {
  return text.replaceAll(unsafe, '�')
}

/** JSON, or lines of visible text, with each such character written as \uXXXX, which JSON reads back as it was. Line breaks and tabs stay. */
export function escaped(text: string): string {
  return text.replaceAll(unsafe, (found) =>
    found === '\n' || found === '\t'
      ? found
      : Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}
