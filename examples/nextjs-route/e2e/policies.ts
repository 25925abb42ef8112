/** The policies that the tests write into the file while the application runs. */

const PREMIUM = `version: '1'
name: support-desk
rules:
  - allow: llm:generate
    resource: [model/gpt-4, model/gpt-4-turbo]
    when: { agent_id: premium-* }
  - allow: embedding:generate
    resource: model/text-embedding-3-small
    when: { agent_id: premium-* }
  - allow: llm:generate
    resource: model/gpt-3.5-turbo
`;

/** As in the example: everybody gpt-3.5-turbo, the premium agent everything. */
export const STRICT: string = PREMIUM;

/** Everybody may use gpt-4 as well. */
export const RELAXED = `${PREMIUM}  - allow: llm:generate
    resource: model/gpt-4
`;

/** An edit with a misspelt key, which is refused as a whole. */
export const MISTAKEN = `${PREMIUM}  - alow: llm:generate
    resource: model/*
`;
