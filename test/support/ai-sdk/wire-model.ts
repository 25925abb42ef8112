/** A model that sends what it is named at the moment of sending, by plain fetch. Everything of it is its class's. */
export class WireModel {
  readonly #baseURL: string;
  #id: string;
  readonly #key = 'local';

  constructor(baseURL: string, id: string) {
    this.#baseURL = baseURL;
    this.#id = id;
  }

  get specificationVersion(): 'v3' {
    return 'v3';
  }

  get provider(): string {
    return 'wire.chat';
  }

  get modelId(): string {
    return this.#id;
  }

  set modelId(id: string) {
    this.#id = id;
  }

  get supportedUrls(): Record<string, RegExp[]> {
    return {};
  }

  async doGenerate(_options: unknown): Promise<object> {
    const answer = await this.#send();
    return {
      content: [{ type: 'text', text: answer }],
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: { inputTokens: { total: 1 }, outputTokens: { total: 1 } },
      warnings: [],
    };
  }

  async doStream(_options: unknown): Promise<object> {
    await this.#send();
    return {
      stream: new ReadableStream({
        start(controller) {
          controller.enqueue({ type: 'stream-start', warnings: [] });
          controller.enqueue({
            type: 'finish',
            finishReason: { unified: 'stop', raw: 'stop' },
            usage: { inputTokens: { total: 1 }, outputTokens: { total: 1 } },
          });
          controller.close();
        },
      }),
    };
  }

  async doCompact(_options: unknown): Promise<string> {
    return this.#send();
  }

  /** Makes the model run by a method of its own. */
  async ask(question: string): Promise<object> {
    return this.doGenerate({ prompt: question });
  }

  /** Another model of the same kind. */
  withId(id: string): WireModel {
    return new WireModel(this.#baseURL, id);
  }

  async #send(): Promise<string> {
    const response = await fetch(`${this.#baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#key}` },
      body: JSON.stringify({ model: this.modelId, messages: [{ role: 'user', content: 'Hello' }] }),
    });
    const { choices } = (await response.json()) as { choices: [{ message: { content: string } }] };
    return choices[0].message.content;
  }
}

/** The same as some providers make it: an object without a class. */
export function plainWireModel(
  baseURL: string,
  id: string,
): Pick<WireModel, 'specificationVersion' | 'provider' | 'modelId' | 'supportedUrls' | 'doGenerate' | 'doStream'> {
  const original = new WireModel(baseURL, id);
  return {
    specificationVersion: 'v3',
    provider: 'plain',
    modelId: id,
    supportedUrls: {},
    doGenerate: original.doGenerate.bind(original),
    doStream: original.doStream.bind(original),
  };
}
