'use client';

import type { FormEvent, KeyboardEvent, ReactNode } from 'react';
import { useState } from 'react';

interface ComposerProps {
  readonly isBusy: boolean;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
  readonly children: ReactNode;
}

/** The input. Enter sends, Shift and Enter makes a new line. */
export function Composer({ isBusy, onSend, onStop, children }: ComposerProps): ReactNode {
  const [text, setText] = useState('');

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isBusy || text.trim() === '') return;
    onSend(text.trim());
    setText('');
  };
  const sendOnEnter = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
  };

  return (
    <form className="composer" onSubmit={submit}>
      {children}
      <div className="input">
        <label className="visually-hidden" htmlFor="message">
          Message
        </label>
        <textarea
          id="message"
          rows={2}
          placeholder="Write a message"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={sendOnEnter}
        />
        {isBusy ? (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button type="submit" disabled={text.trim() === ''}>
            Send
          </button>
        )}
      </div>
    </form>
  );
}
