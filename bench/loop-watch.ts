/** Looks at the clock as often as the event loop lets it, and keeps the longest time between two looks. */
export class LoopWatch {
  longestMs = 0;
  #last = performance.now();
  #isOn = true;

  start(): void {
    setImmediate(() => {
      this.#look();
      if (this.#isOn) this.start();
    });
  }

  stop(): void {
    this.#look();
    this.#isOn = false;
  }

  #look(): void {
    const now = performance.now();
    this.longestMs = Math.max(this.longestMs, now - this.#last);
    this.#last = now;
  }
}
