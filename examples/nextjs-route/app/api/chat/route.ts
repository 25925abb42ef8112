import { assertModelAllowed } from '@controlzero/sdk/ai-sdk';
import type { ToolSet } from 'ai';
import { convertToModelMessages, createUIMessageStreamResponse, streamText, toUIMessageStream } from 'ai';

import type { ChatMessage } from '@/lib/chat-message.ts';
import { lengthOf, readChatRequest } from '@/lib/chat-request.ts';
import { governedProvider } from '@/lib/governed-provider.ts';
import { LONG_TEXT_CHARACTERS, LONG_TEXT_MODEL } from '@/lib/models.ts';
import { BAD_REQUEST, NOT_SIGNED_IN } from '@/lib/problem.ts';
import { problemResponse, refusalResponse, refusalText } from '@/lib/refusal.ts';
import { currentUser } from '@/lib/session.ts';

export async function POST(request: Request): Promise<Response> {
  const user = await currentUser();
  if (!user) return problemResponse(NOT_SIGNED_IN);
  const chat = await readChatRequest(request);
  if (!chat) return problemResponse(BAD_REQUEST);

  try {
    const provider = await governedProvider(user);
    const model = provider(chat.model);
    // While nothing has been sent, a denial can still be an answer of its own.
    await assertModelAllowed(model);

    const isLong = lengthOf(chat.messages) > LONG_TEXT_CHARACTERS;
    const result = streamText({
      model,
      messages: await convertToModelMessages(chat.messages),
      // Changes the model after the stream has started: governed like the first, and denied in the stream.
      prepareStep: () => (isLong ? { model: provider(LONG_TEXT_MODEL) } : {}),
      abortSignal: request.signal,
      onError: ({ error }) => console.error(error instanceof Error ? error.message : 'The stream failed.'),
    });
    return createUIMessageStreamResponse({
      stream: toUIMessageStream<ToolSet, ChatMessage>({
        stream: result.stream,
        messageMetadata: ({ part }) => (part.type === 'finish-step' ? { model: part.response.modelId } : {}),
        onError: refusalText,
      }),
    });
  } catch (error) {
    return refusalResponse(error);
  }
}
