'use client';

import type { ReactNode } from 'react';
import { useEffect, useRef } from 'react';

import type { ChatMessage } from '@/lib/chat-message.ts';
import { textOf } from '@/lib/chat-message.ts';

interface MessageLogProps {
  readonly messages: readonly ChatMessage[];
  readonly isBusy: boolean;
}

function Message({ message }: { readonly message: ChatMessage }): ReactNode {
  const text = textOf(message);
  // An answer that was denied in its stream has no text.
  if (text === '') return null;
  const author = message.role === 'user' ? 'You' : (message.metadata?.model ?? 'Assistant');
  return (
    <article className={`message ${message.role}`}>
      <p className="author">{author}</p>
      <p className="text">{text}</p>
    </article>
  );
}

/** The messages so far. Screen readers are told of new ones. */
export function MessageLog({ messages, isBusy }: MessageLogProps): ReactNode {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'nearest' });
  });
  return (
    <div className="log" role="log" aria-live="polite" aria-label="Messages" aria-busy={isBusy}>
      {messages.length === 0 && (
        <div className="empty">
          <h2>How can we help?</h2>
          <p>Choose a model below and ask. The policy decides whether it may answer you.</p>
        </div>
      )}
      {messages.map((message) => (
        <Message key={message.id} message={message} />
      ))}
      {isBusy && <p className="thinking">Answering</p>}
      <div ref={end} />
    </div>
  );
}
