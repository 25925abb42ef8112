import type { ReactNode } from 'react';

import { CHAT_MODELS } from '@/lib/models.ts';
import type { Problem } from '@/lib/problem.ts';
import { isDenial } from '@/lib/problem.ts';
import type { User } from '@/lib/users.ts';

interface ProblemNoticeProps {
  readonly problem: Problem;
  readonly user: User;
  readonly allowed: readonly string[];
  /** The model that was picked. The route takes another one for a long conversation. */
  readonly asked: string;
  readonly onRetryWith: (model: string) => void;
  readonly onStartOver: () => void;
}

function nameOf(model: string | undefined): string {
  return CHAT_MODELS.find(({ id }) => id === model)?.name ?? model ?? '';
}

function WhatNow({ problem, allowed, asked, onRetryWith, onStartOver }: ProblemNoticeProps): ReactNode {
  if (problem.model !== asked)
    return (
      <div className="actions">
        <span>Conversations of this length need {nameOf(problem.model)}.</span>
        <button type="button" onClick={onStartOver}>
          New conversation
        </button>
      </div>
    );
  if (allowed.length === 0) return <p>No other model is open to you.</p>;
  return (
    <div className="actions">
      <span>Ask instead:</span>
      {allowed.map((id) => (
        <button key={id} type="button" onClick={() => onRetryWith(id)}>
          {nameOf(id)}
        </button>
      ))}
    </div>
  );
}

function Denial(props: ProblemNoticeProps): ReactNode {
  const { problem, user, allowed, asked, onRetryWith } = props;
  if (problem.model !== undefined && allowed.includes(problem.model))
    return (
      <div className="actions">
        <span>The policy has changed: {nameOf(problem.model)} may be used now.</span>
        <button type="button" onClick={() => onRetryWith(asked)}>
          Ask again
        </button>
      </div>
    );
  return (
    <>
      <p>
        You are {user.name}, and your agent is <code>{user.agent}</code>. Nothing was sent to the model.
      </p>
      <WhatNow {...props} />
    </>
  );
}

/** Says why there is no answer, and after a denial what can be done now. */
export function ProblemNotice(props: ProblemNoticeProps): ReactNode {
  const { problem, asked, onRetryWith } = props;
  return (
    <div className="notice" role="alert">
      <p>
        <strong>{problem.detail}</strong>
      </p>
      {isDenial(problem) ? (
        <Denial {...props} />
      ) : (
        <div className="actions">
          <button type="button" onClick={() => onRetryWith(asked)}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}
