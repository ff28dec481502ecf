/** How an invocation ended: with the function's answer, or with its death, of which nobody hears but its caller. */
export type Ended<Answer> = { readonly kind: 'answered'; readonly answer: Answer } | { readonly kind: 'died' };
