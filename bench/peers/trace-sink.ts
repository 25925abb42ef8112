/** Stands for the service of a tracing product: a `fetch` that answers at once and keeps nothing. */
export class TraceSink {
  readonly #answers: Readonly<Record<string, object>>;
  #sent = 0;

  /** @param answers what is answered to paths that are asked before traces are sent */
  constructor(answers: Readonly<Record<string, object>>) {
    this.#answers = answers;
  }

  /** How many requests brought traces. */
  readonly sent = (): number => this.#sent;

  readonly fetch: typeof fetch = async (input) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    const answer = this.#answers[pathname];
    if (!answer) this.#sent += 1;
    return Response.json(answer ?? {});
  };
}
