'use client';

import { useChat } from '@ai-sdk/react';
import { DefaultChatTransport } from 'ai';
import type { ReactNode } from 'react';
import { useState } from 'react';

import type { ChatMessage } from '@/lib/chat-message.ts';
import { CHAT_MODELS } from '@/lib/models.ts';
import type { PolicyOverview } from '@/lib/policy-overview.ts';
import { readProblem } from '@/lib/problem.ts';
import type { User } from '@/lib/users.ts';

import { Composer } from './composer.tsx';
import { MessageLog } from './message-log.tsx';
import { ModelPicker } from './model-picker.tsx';
import { ProblemNotice } from './problem-notice.tsx';

interface ChatProps {
  readonly user: User;
  readonly policy: PolicyOverview;
  readonly onProblem: () => Promise<void>;
}

const transport = new DefaultChatTransport<ChatMessage>({ api: '/api/chat' });

function firstChoice(allowed: readonly string[]): string {
  return allowed[0] ?? CHAT_MODELS[0]?.id ?? '';
}

/** The conversation: log, problem if there is one, model picker and input. */
export function Chat({ user, policy, onProblem }: ChatProps): ReactNode {
  const { allowedModels } = policy;
  const [model, setModel] = useState(() => firstChoice(allowedModels));
  const [asked, setAsked] = useState(model);
  const { messages, sendMessage, regenerate, setMessages, clearError, status, error, stop } = useChat<ChatMessage>({
    transport,
    onError: () => void onProblem(),
  });
  const isBusy = status === 'submitted' || status === 'streaming';

  const send = (text: string): void => {
    setAsked(model);
    void sendMessage({ text }, { body: { model } });
  };
  const retryWith = (other: string): void => {
    setModel(other);
    setAsked(other);
    void regenerate({ body: { model: other } });
  };
  const startOver = (): void => {
    setMessages([]);
    clearError();
  };

  return (
    <section className="chat" aria-label="Chat">
      <MessageLog messages={messages} isBusy={isBusy} />
      {error && (
        <ProblemNotice
          problem={readProblem(error.message)}
          user={user}
          allowed={allowedModels}
          asked={asked}
          onRetryWith={retryWith}
          onStartOver={startOver}
        />
      )}
      <Composer isBusy={isBusy} onSend={send} onStop={() => void stop()}>
        <ModelPicker model={model} allowed={allowedModels} onChange={setModel} />
      </Composer>
    </section>
  );
}
