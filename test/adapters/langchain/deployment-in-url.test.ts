import { describe, expect, test } from 'vitest';

import { deploymentInUrl } from '../../../adapters/langchain/deployment-in-url.ts';

describe('the deployment in a base URL', () => {
  test.each([
    ['https://x.openai.azure.com/openai/deployments/prod', 'prod'],
    ['https://x.openai.azure.com/openai/deployments/gpt-3.5_a/', 'gpt-3.5_a'],
    ['https://gateway/v1/engines/davinci', 'davinci'],
    ['http://localhost:12434/engines/llama.cpp/v1', 'llama.cpp/v1'],
  ])('is what stands behind the marker: %s', (url, name) => {
    expect(deploymentInUrl(url)).toEqual({ name });
  });

  test.each([
    '',
    'https://api.openai.com/v1',
    'https://gateway/my-deployments/v1',
    'https://gateway/deployments-proxy/v1',
    'https://gateway/a%20b/v1',
    'https://gateway/100%/v1',
  ])('is none without a marker: %s', (url) => {
    expect(deploymentInUrl(url)).toBeUndefined();
  });

  test.each([
    'https://x/openai/deployments',
    'https://x/openai/Deployments/prod',
    'https://x/openai/%64eployments/prod',
    'https://x/openai/%2564eployments/prod',
    'https://x/openai\\deployments\\prod',
    'https://x/openai/deployments;v=1/prod',
    'https://x/openai/deployments/prod;v=1',
    'https://x/openai/deployments/pr%6fd',
    'https://x/openai/deployments/100%',
    'https://x/openai/deployments/a/../prod',
    'https://x/openai/deployments/..',
    'https://x/openai/deployments/a/deployments/prod',
    'https://x/openai/deployments/a//prod',
    'https://x/openai/deployments/prod?x=1',
    'https://x/openai/deployments/prod#x',
    'https://x/openai/deployments/größe',
  ])('cannot be told where a URL is not plain: %s', (url) => {
    expect(deploymentInUrl(url)).toHaveProperty('fault');
  });

  test('is found in time, however long the URL is', () => {
    expect(deploymentInUrl(`https://x/deployments/${'a/'.repeat(50_000)}?`)).toHaveProperty('fault');
    expect(deploymentInUrl(`https://x/${'/deployments'.repeat(50_000)}`)).toHaveProperty('fault');
  });
});
