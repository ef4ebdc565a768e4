/** The used part of what a GraphQL server passes to a resolver last. */
interface Info {
  readonly path?: { readonly prev?: unknown };
}

/**
 * Returns the request of a resolver's GraphQL context: the drivers of @nestjs/graphql put it there.
 *
 * @param args the root, the arguments, the context and the info. A resolver of a reference gets no arguments
 */
export function requestOfResolver(args: readonly unknown[]): unknown {
  return (args.at(-2) as { req?: unknown } | null | undefined)?.req;
}

/** Whether a resolver is of a query, mutation or subscription, and not of a field of its result. */
export function isRootResolver(args: readonly unknown[]): boolean {
  return (args.at(-1) as Info | null | undefined)?.path?.prev === undefined;
}
