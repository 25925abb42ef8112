const FIRST_AFTER_MS = 500;
const EVERY_MS = 100;
const ERASE_LINE = '\r\u001B[K';

/** How far a command is, on a line of the standard error that is erased again: on a terminal, and when it takes longer. */
export class Progress {
  #next = Date.now() + FIRST_AFTER_MS;
  #isShown = false;

  /** Shows how far it is, unless that was shown just now. */
  show(text: string): void {
    const now = Date.now();
    if (!process.stderr.isTTY || now < this.#next) return;
    this.#next = now + EVERY_MS;
    this.#isShown = true;
    process.stderr.write(`${ERASE_LINE}${text}`);
  }

  /** Erases what was shown. */
  end(): void {
    if (this.#isShown) process.stderr.write(ERASE_LINE);
    this.#isShown = false;
  }
}
