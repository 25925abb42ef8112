import { aiSDKDriver } from './ai-sdk-driver.ts';
import type { Driver } from './driver.ts';
import { langChainDriver } from './langchain-driver.ts';
import { openAIDriver } from './openai-driver.ts';

/** One driver per adapter, in the order of the demo. */
export const drivers: readonly Driver[] = [openAIDriver, langChainDriver, aiSDKDriver];
