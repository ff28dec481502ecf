/**
 * Who may call what: tells who calls, holds back who calls too often, and refuses who may not. All of that before the
 * input is read, so that nobody learns from a validation message what an operation takes that is not theirs to call.
 */
import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Authentication, Origin } from '../../../application/identity/api.ts';
import { RECORDED_TOKENS, type Throttle } from '../../../application/identity/throttle.ts';
import { type Access, OPERATION_ACCESS } from '../../../contracts/authorization.ts';
import { isOpenable, type Operation } from '../../../contracts/http/operation.ts';
import type { KnownOperation } from '../../../contracts/http/operations.ts';
import { ANONYMOUS, type Principal } from '../../../domain/identity/access.ts';
import { addressKey } from '../../../domain/identity/address.ts';
import { type Missing, missingFor } from '../authorize.ts';
import { readCredential } from '../credential.ts';
import { type HttpEvent, type HttpResult, originOf } from '../event.ts';
import { Refusal } from '../refusal.ts';
import { retryAfter, secondsUntil } from '../retry-after.ts';
import type { Logged } from './log-requests.ts';

export type Admission = {
  readonly authentication: Authentication;
  readonly throttle: Throttle;
  /** Letters of the API groups that need no credential. */
  readonly openGroups: readonly string[];
  /** Whether the metrics take a credential here. */
  readonly closedMetrics?: boolean;
};

/** What was sent is at fault, and not that nothing was sent (RFC 6750 §3.1). */
const INVALID_TOKEN = { 'www-authenticate': 'Bearer error="invalid_token"' };

const REFUSED_CODES = { expired: 'TOKEN_EXPIRED', revoked: 'TOKEN_REVOKED', invalid: 'INVALID_TOKEN' } as const;

const isOpen = ({ group }: Operation, openGroups: readonly string[]): boolean =>
  openGroups.includes(group) && isOpenable(group);

/** Without a credential there is no name to count under; everybody under one would let one flood shut all others out. */
const bucketOf = (principal: Principal, { address }: Origin): string =>
  principal.kind === 'anonymous' ? `ip:${addressKey(address)}` : principal.id;

const nameOf = (missing: Missing): string => (missing.kind === 'scope' ? missing.scope : missing.standing);

const accessTo = ({ id }: KnownOperation, closedMetrics: boolean): Access => {
  const access = OPERATION_ACCESS[id];
  return access.kind === 'public' && access.closed !== undefined && closedMetrics
    ? { kind: 'scope', scope: access.closed }
    : access;
};

/** @param now epoch ms */
export const admit = (
  operationOf: (routeKey: string) => KnownOperation | undefined,
  { authentication, throttle, openGroups, closedMetrics = false }: Admission,
  now: () => number,
): MiddlewareObj<HttpEvent, HttpResult, Error, Context, Logged> => {
  const record = (operation: KnownOperation, from: Origin, actor: string, reason: string): Promise<void> =>
    authentication.recordRefusal({
      action: 'access.refused',
      actor,
      entity: `operation:${operation.id}`,
      reason,
      from,
    });

  const identify = async (event: HttpEvent, operation: KnownOperation, from: Origin): Promise<Principal> => {
    const credential = readCredential(event);
    switch (credential.kind) {
      case 'none':
        if (isOpen(operation, openGroups)) {
          return ANONYMOUS;
        }
        throw new Refusal(401, (words) => words.noCredential, {}, 'MISSING_AUTH_HEADER');
      case 'unreadable':
        await record(operation, from, ANONYMOUS.id, 'unreadable');
        throw new Refusal(401, (words) => words.unreadableCredential, INVALID_TOKEN, 'INVALID_AUTH_FORMAT');
      case 'sent': {
        // Also in an open group: who sends a credential that has ended is told so, not quietly served as somebody else.
        const known = await authentication.authenticate(credential.text);
        if (known.kind === 'principal') {
          return known.principal;
        }
        await record(operation, from, ANONYMOUS.id, known.reason);
        throw new Refusal(
          401,
          (words) => words.refusedCredential[known.reason],
          INVALID_TOKEN,
          REFUSED_CODES[known.reason],
        );
      }
    }
  };

  const holdBack = async (key: string, tokens: number): Promise<void> => {
    const turn = await throttle(key, tokens);
    if (turn.kind === 'refused') {
      const seconds = secondsUntil(turn.retryAt, now());
      throw new Refusal(429, (words) => words.tooManyRequests(seconds), retryAfter(seconds));
    }
  };

  return {
    before: async ({ event, internal }) => {
      const operation = operationOf(event.routeKey);
      if (!operation) {
        throw new Error(`No operation for ${event.routeKey}`);
      }
      const from = originOf(event);
      const access = accessTo(operation, closedMetrics);
      if (access.kind === 'public') {
        event.caller = { ...from, principal: ANONYMOUS };
        return;
      }
      const principal = await identify(event, operation, from);
      internal.principal = principal;
      await holdBack(bucketOf(principal, from), operation.recorded ? RECORDED_TOKENS : 1);
      const missing =
        principal.kind === 'anonymous' ? undefined : missingFor(access, principal, event.pathParameters?.id);
      if (missing !== undefined) {
        await record(operation, from, principal.id, `needs ${nameOf(missing)}`);
        throw new Refusal(403, (words) =>
          missing.kind === 'scope' ? words.missingScope(missing.scope) : words.missingStanding[missing.standing],
        );
      }
      event.caller = { ...from, principal };
    },
    // What an operation refuses to somebody who may call it: another's row, or giving what they do not hold.
    onError: async ({ event, error }) => {
      const { caller } = event;
      const operation = operationOf(event.routeKey);
      if (error instanceof Refusal && error.status === 403 && caller && operation) {
        await record(operation, originOf(event), caller.principal.id, 'not theirs to see or to give');
      }
    },
  };
};
