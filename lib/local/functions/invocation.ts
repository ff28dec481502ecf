/** What an invocation of a function is, whichever engine runs it. */

/** JSON both ways, as Lambda does: what does not survive it here would not survive it in the cloud. */
export type Outcome =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly reason: 'timed_out' | 'failed' | 'crashed'; readonly message: string };

export type Invoke = (functionArn: string, event: unknown) => Promise<Outcome>;

/** The part of Lambda's context that can be sent to a thread; the rest is made there. */
export type InvocationFacts = {
  readonly awsRequestId: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
  readonly deadlineAt: number;
};

/** Lambda's own context object, for handlers that ask how much time is left. */
export const contextOf = (facts: InvocationFacts) => ({
  awsRequestId: facts.awsRequestId,
  functionName: facts.functionName,
  functionVersion: '$LATEST',
  invokedFunctionArn: facts.functionArn,
  memoryLimitInMB: String(facts.memoryMb),
  logGroupName: `/aws/lambda/${facts.functionName}`,
  logStreamName: 'local',
  callbackWaitsForEmptyEventLoop: false,
  getRemainingTimeInMillis: () => Math.max(0, facts.deadlineAt - Date.now()),
});

export type LambdaContext = ReturnType<typeof contextOf>;
export type LambdaHandler = (event: unknown, context: LambdaContext) => unknown;
