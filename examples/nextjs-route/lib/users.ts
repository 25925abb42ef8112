/** Somebody who can sign in, and the agent that acts for them. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly plan: string;
  /** What the policy knows this user's calls by. */
  readonly agent: string;
}

export const USERS: readonly User[] = [
  { id: 'ada', name: 'Ada', plan: 'Premium support', agent: 'premium-support' },
  { id: 'ben', name: 'Ben', plan: 'Basic support', agent: 'basic-support' },
];
