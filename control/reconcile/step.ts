/** What reconcile does next with one volume or attachment: at most one thing. */
export type Step<State> =
  /** Nothing can or has to be done now; the reason is what the API shows. */
  | { readonly kind: 'wait'; readonly reason?: string }
  | { readonly kind: 'move'; readonly to: State }
  | { readonly kind: 'remove' }

export const wait = (reason?: string): Step<never> =>
  reason === undefined ? { kind: 'wait' } : { kind: 'wait', reason }
