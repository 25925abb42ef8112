/**
 * What a language model looks like, of any specification version of AI SDK 6 and 7. Structural on
 * purpose: the types of the two majors are different ones, and this package needs neither to be there.
 */
export interface LanguageModelLike {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  doGenerate(options: never): PromiseLike<unknown>;
  doStream(options: never): PromiseLike<unknown>;
}

/** What an embedding model looks like, of any specification version of AI SDK 6 and 7. */
export interface EmbeddingModelLike {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  doEmbed(options: never): PromiseLike<unknown>;
}

/** What hands out models: a provider, a registry, a custom provider. */
export interface ProviderLike {
  languageModel(modelId: never): unknown;
}
