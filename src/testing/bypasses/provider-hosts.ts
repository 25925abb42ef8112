// Each with its subdomains; `:11434` is the port of Ollama on whatever host.
const PROVIDERS: readonly string[] = [
  'ai-gateway.vercel.sh',
  'ai21.com',
  'aiplatform.googleapis.com',
  'api.anthropic.com',
  'api.cerebras.ai',
  'api.cohere.ai',
  'api.cohere.com',
  'api.deepseek.com',
  'api.fireworks.ai',
  'api.groq.com',
  'api.jina.ai',
  'api.mistral.ai',
  'api.moonshot.ai',
  'api.openai.com',
  'api.perplexity.ai',
  'api.sambanova.ai',
  'api.together.ai',
  'api.together.xyz',
  'api.voyageai.com',
  'api.x.ai',
  'codestral.mistral.ai',
  'cognitiveservices.azure.com',
  'dashscope.aliyuncs.com',
  'dashscope-intl.aliyuncs.com',
  'gateway.ai.cloudflare.com',
  'generativelanguage.googleapis.com',
  'integrate.api.nvidia.com',
  'models.ai.azure.com',
  'models.github.ai',
  'models.inference.ai.azure.com',
  'ollama.com',
  'openai.azure.com',
  'openrouter.ai',
  'router.huggingface.co',
  'services.ai.azure.com',
];

const REGIONAL = /^(?:[\w-]+-aiplatform\.googleapis\.com|bedrock-runtime(?:-fips)?\.[\w-]+\.amazonaws\.com(?:\.cn)?)$/u;
const OLLAMA = /:11434$/u;

function isHost(host: string, name: string): boolean {
  return host === name || host.endsWith(`.${name}`);
}

/** Whether a host is one of those: a name with its subdomains, with or without a port, or a pattern for both. */
export function isAmong(host: string, names: readonly (string | RegExp)[]): boolean {
  const bare = host.replace(/:\d+$/u, '');
  // A pattern with the flag `g` remembers where it was.
  return names.some((name) =>
    typeof name === 'string'
      ? isHost(bare, name.toLowerCase()) || isHost(host, name.toLowerCase())
      : host.search(name) !== -1,
  );
}

/** Whether a host is that of a provider or gateway of models which is known. */
export function isProviderHost(host: string): boolean {
  return isAmong(host, PROVIDERS) || isAmong(host, [REGIONAL, OLLAMA]) || REGIONAL.test(host.replace(/:\d+$/u, ''));
}
