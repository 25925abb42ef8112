import type { OpenAIProvider } from '@ai-sdk/openai';

import type { Embeddings, Model } from './attempt-stage.ts';

/** A provider as its class makes it: methods and getters on the prototype, and video models. */
export class ClassProvider {
  readonly openai: OpenAIProvider;
  readonly specificationVersion: 'v4';

  constructor(openai: OpenAIProvider) {
    this.openai = openai;
    this.specificationVersion = openai.specificationVersion;
  }

  get name(): string {
    return this.constructor.name;
  }

  languageModel(id: string): Model {
    return this.openai.chat(id);
  }

  embeddingModel(id: string): Embeddings {
    return this.openai.embedding(id);
  }

  imageModel(id: string): ReturnType<OpenAIProvider['image']> {
    return this.openai.image(id);
  }

  videoModel(id: string): object {
    return { specificationVersion: this.specificationVersion, provider: 'class', modelId: id };
  }
}
