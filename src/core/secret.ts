// A value that must never be printed. Every way in which JavaScript turns a value into text shows `[secret]`.

const shown = '[secret]'

/** A secret from the moment it is read. `reveal()` is the only way out; call it where the value is used, nowhere else. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return shown
  }
}
