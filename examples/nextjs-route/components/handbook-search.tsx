'use client';

import type { FormEvent, ReactNode } from 'react';
import { useState } from 'react';

import type { Passage } from '@/lib/handbook.ts';
import type { Problem } from '@/lib/problem.ts';
import { UNKNOWN_PROBLEM, isDenial, readProblem } from '@/lib/problem.ts';
import type { User } from '@/lib/users.ts';

interface HandbookSearchProps {
  readonly user: User;
  readonly onProblem: () => Promise<void>;
}

interface Outcome {
  readonly passages?: readonly Passage[];
  readonly problem?: Problem;
}

async function search(query: string): Promise<Outcome> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch('/api/search', { method: 'POST', headers, body: JSON.stringify({ query }) });
  return response.ok
    ? { passages: (await response.json()) as Passage[] }
    : { problem: readProblem(await response.text()) };
}

/** Searches the handbook by meaning, which needs an embedding model: governed as well. */
export function HandbookSearch({ user, onProblem }: HandbookSearchProps): ReactNode {
  const [query, setQuery] = useState('');
  const [{ passages, problem }, setOutcome] = useState<Outcome>({});

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (query.trim() === '') return;
    const outcome = await search(query).catch(() => ({ problem: UNKNOWN_PROBLEM }));
    setOutcome(outcome);
    if ('problem' in outcome) await onProblem();
  };

  return (
    <section className="panel" aria-labelledby="search-title">
      <h2 id="search-title">Handbook</h2>
      <search>
        <form className="search" onSubmit={(event) => void submit(event)}>
          <label className="visually-hidden" htmlFor="query">
            Search the handbook
          </label>
          <input
            id="query"
            type="search"
            placeholder="Search"
            value={query}
            onChange={(e) => setQuery(e.target.value)}
          />
          <button type="submit">Search</button>
        </form>
      </search>
      <div aria-live="polite" className="results">
        {problem && (
          <div className="notice">
            <p>
              <strong>{problem.detail}</strong>
            </p>
            {isDenial(problem) && (
              <p>
                The search needs it, and your agent is <code>{user.agent}</code>. Nothing was sent.
              </p>
            )}
          </div>
        )}
        {passages?.map(({ title, text }) => (
          <article key={title}>
            <h3>{title}</h3>
            <p>{text}</p>
          </article>
        ))}
      </div>
    </section>
  );
}
