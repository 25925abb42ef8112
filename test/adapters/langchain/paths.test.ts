import { describe, expect, test } from 'vitest';

import { governChatModel } from '../../../adapters/langchain/index.ts';
import { PolicyDeniedError } from '../../../src/index.ts';
import type { CallPath, ModelKind } from '../../support/langchain-paths.ts';
import {
  chatPaths,
  commonPaths,
  eventPaths,
  innerPaths,
  modelKinds,
  structuredPaths,
} from '../../support/langchain-paths.ts';
import { openLangChainStage } from '../../support/langchain-stage.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { modelAllowlist } from '../../support/specification-policies.ts';

// What an application can do with each kind of model, governed or not.
function pathsOf({ name }: ModelKind): readonly CallPath[] {
  if (name === 'OpenAI' || name === 'a binding of ChatOpenAI') return commonPaths;
  if (name === 'initChatModel with configurable fields') return commonPaths;
  if (name === 'a model of another provider' || name === 'ChatGroq')
    return [...commonPaths, ...chatPaths, ...eventPaths];
  const paths = [...commonPaths, ...chatPaths, ...structuredPaths, ...eventPaths];
  return name === 'ChatOpenAI' ? [...paths, ...innerPaths] : paths;
}

describe.each(modelKinds)('$name', (kind) => {
  test.each(pathsOf(kind))('$name: denied without a request, allowed with one', async ({ call }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const { cz, provider } = stage;

    const denied = governChatModel(await kind.create(stage, 'gpt-4-turbo'), cz);
    const error = await rejectionOf(call(denied));
    expect(error).toBeInstanceOf(PolicyDeniedError);
    expect(error).toMatchObject({ request: { action: 'llm.generate', resource: 'model/gpt-4-turbo' } });
    expect(provider.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(1);

    const allowed = governChatModel(await kind.create(stage, 'gpt-4'), cz);
    await call(allowed);
    expect(provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4']);
    expect(await stage.decisions()).toHaveLength(2);
  });
});
