/** Policies to begin with, by name. */
export const TEMPLATES: Readonly<Record<string, string>> = {
  'model-allowlist': `# Only these models; everything else is denied.
version: '1'
name: model-allowlist
rules:
  - id: allowed-models
    allow: llm:generate
    resource: [model/gpt-4, model/gpt-3.5-turbo]
  - id: allowed-embeddings
    allow: embedding:generate
    resource: model/text-embedding-3-small
`,
  'per-agent': `# Premium agents may use the large model, everybody the small one.
version: '1'
name: per-agent
rules:
  - id: premium
    allow: llm:generate
    resource: model/gpt-4
    when:
      agent_id: premium-*
  - id: everybody
    allow: llm:generate
    resource: model/gpt-3.5-turbo
`,
  'embeddings-only': `# No text is generated; embeddings are made with one model.
version: '1'
name: embeddings-only
rules:
  - id: embeddings
    allow: embedding:generate
    resource: model/text-embedding-3-small
`,
  'observe-first': `# Nothing is denied; every call is flagged in its decision event. Tighten it once you have seen them.
version: '1'
name: observe-first
settings:
  default_action: warn
rules: []
`,
};
